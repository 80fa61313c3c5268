package embed

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/embed/unified"
)

// UnifiedEmbedding is paper 57: one table for all features against a table a
// feature, at the same number of rows.
var UnifiedEmbedding = lab.Reproduction{
	Slug:     "unified-embedding",
	Claim:    "One embedding table that all categorical features share, each with hashes of its own, predicts better than a hash table for each feature with the same number of rows in all, because the layer above learns orthogonal weights for features that collide.",
	State:    lab.Reproduced,
	Method:   unifiedProbes,
	Package:  "methods/embed/unified",
	Time:     25 * time.Second,
	FullTime: 5 * time.Minute,
	DataSets: []string{"movielens-100k"},
	Run:      runUnified,
	Broken: []lab.BrokenVariant{
		{Name: "summed", What: "The vectors of an example's features are summed, so the model has no weights of its own for each feature."},
		{Name: "separate", What: "Each feature's hash reaches only its own share of the table."},
	},
}

// The variants of [UnifiedEmbedding].
const (
	unifiedFull         = "full table"
	unifiedProportional = "table a feature, rows in proportion"
	unifiedSmallExact   = "table a feature, small ones exact"
	unifiedOne          = "unified, 1 probe"
	unifiedProbes       = "unified, 2 probes"
	unifiedThree        = "unified, 3 probes"
	unifiedTwoSeparate  = "table a feature, 2 probes"
)

// unifiedDim is the length of a row.
const unifiedDim = 16

// unifiedJob is one model to train.
type unifiedJob struct {
	variant  string
	budget   int // rows in percent of the values
	logistic bool
	seed     uint64
}

// unifiedResult is what came out of it.
type unifiedResult struct {
	auc     float64
	cosines []float64 // |cos| of the pairs of large features, of a logistic head
}

func (j unifiedJob) metric() string {
	if j.logistic {
		return fmt.Sprintf("AUC of a logistic head, %d%% of the rows", j.budget)
	}
	return fmt.Sprintf("AUC, %d%% of the rows", j.budget)
}

func cosineMetric(budget int) string {
	return fmt.Sprintf("|cos| of two features' weights, %d%% of the rows", budget)
}

func runUnified(ctx context.Context, r *lab.Run) error {
	c, err := loadClicks()
	if err != nil {
		return err
	}
	budgets, seeds := []int{20, 10, 5}, r.Seeds(3)
	variants := []string{unifiedProportional, unifiedSmallExact, unifiedOne, unifiedProbes, unifiedThree}
	all := []unifiedJob{{variant: unifiedFull, budget: 100}, {variant: unifiedOne, budget: 50}}
	if r.Full {
		budgets, seeds = []int{50, 20, 10, 5, 2, 1}, r.Seeds(5)
		variants = append(variants, unifiedTwoSeparate)
		all = all[:1]
	}
	if r.Broken != "" { // what the first check takes
		all, variants = nil, variants[:3]
	}
	for _, b := range budgets {
		for _, v := range variants {
			all = append(all, unifiedJob{variant: v, budget: b})
		}
	}
	if r.Broken == "" {
		for _, b := range []int{20, 10} {
			all = append(all, unifiedJob{variant: unifiedProportional, budget: b, logistic: true}, unifiedJob{variant: unifiedOne, budget: b, logistic: true})
		}
	}
	var jobs []unifiedJob
	for _, j := range all {
		for _, s := range seeds {
			j.seed = s
			jobs = append(jobs, j)
		}
	}
	results, err := c.unifiedResults(ctx, r, jobs)
	if err != nil {
		return err
	}
	unifiedChecks(r, budgets)
	if r.Broken == "" {
		unifiedNotes(r, c)
		unifiedPlots(r, budgets, jobs, results)
	}
	return nil
}

// unifiedResults trains the jobs' models, as many at a time as there are cores,
// and reports their figures in the jobs' order.
func (c *clicks) unifiedResults(ctx context.Context, r *lab.Run, jobs []unifiedJob) ([]unifiedResult, error) {
	results := make([]unifiedResult, len(jobs))
	done := make([]chan struct{}, len(jobs))
	for i := range done {
		done[i] = make(chan struct{})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { // reports
		for i, j := range jobs {
			select {
			case <-done[i]:
			case <-ctx.Done():
				return ctx.Err()
			}
			r.Progress(float64(i+1)/float64(len(jobs)), "%s, %d%% of the rows, seed %d", j.variant, j.budget, j.seed)
			r.Metric(j.metric(), j.variant, j.seed, results[i].auc, "")
			if j.logistic {
				r.Metric(cosineMetric(j.budget), j.variant, j.seed, mean(results[i].cosines), "")
			}
		}
		return nil
	})
	next := make(chan int, len(jobs))
	for i := range jobs {
		next <- i
	}
	close(next)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := range next {
				var err error
				if results[i], err = c.unifiedResult(ctx, jobs[i], r.Broken); err != nil {
					return fmt.Errorf("%s, %d%%, seed %d: %w", jobs[i].variant, jobs[i].budget, jobs[i].seed, err)
				}
				close(done[i])
			}
			return nil
		})
	}
	return results, g.Wait()
}

func (c *clicks) unifiedResult(ctx context.Context, j unifiedJob, broken string) (unifiedResult, error) {
	cfg := unified.Config{Rows: c.values() * j.budget / 100, Dim: unifiedDim, Seed: j.seed, Decay: clickDecay}
	probes := map[string]int{}
	switch j.variant {
	case unifiedProbes, unifiedTwoSeparate:
		probes = map[string]int{"user": 2, "item": 2, "zip": 2, "genres": 2}
	case unifiedThree:
		probes = map[string]int{"user": 3, "item": 3, "zip": 2, "genres": 2}
	}
	for _, f := range c.fields {
		cfg.Features = append(cfg.Features, unified.Feature{Name: f, Probes: probes[f]})
	}
	isMethod := j.variant == unifiedOne
	switch {
	case j.variant == unifiedFull:
		cfg.Hash = unified.Perfect(c.sizes)
	case j.variant == unifiedSmallExact:
		cfg.Hash = unified.Separate(evenRows(c.sizes, cfg.Rows), j.seed)
	case j.variant == unifiedProportional, j.variant == unifiedTwoSeparate, isMethod && broken == "separate":
		rows := proportionalRows(c.sizes, cfg.Rows)
		cfg.Rows = 0 // at least a row each may be more than the budget
		for _, n := range rows {
			cfg.Rows += n
		}
		cfg.Hash = unified.Separate(rows, j.seed)
	}
	t, err := unified.New(cfg)
	if err != nil {
		return unifiedResult{}, err
	}
	var table clickTable = &unifiedClicks{table: t, offsets: c.offsets()}
	model := clickModel{inputs: t.Width(), hidden: 64, epochs: 3, seed: j.seed}
	if isMethod && broken == "summed" {
		table, model.inputs = &summed{table, unifiedDim, len(c.fields), nil}, unifiedDim
	}
	if j.logistic {
		model.hidden, model.epochs = 0, 4
	}
	net, auc, err := c.fit(ctx, table, model, nil)
	if err != nil {
		return unifiedResult{}, err
	}
	res := unifiedResult{auc: auc}
	if j.logistic {
		w := make([]float64, len(net.Last.W))
		for i, v := range net.Last.W {
			w[i] = float64(v)
		}
		cos, err := unified.Cosines(mat.NewDense(1, len(w), w), unifiedDim)
		if err != nil {
			return unifiedResult{}, err
		}
		large := []int{0, 1, 5, 7} // user, item, zip, genres
		for i, s := range large {
			for _, t := range large[:i] {
				res.cosines = append(res.cosines, cos.At(s, t))
			}
		}
	}
	return res, nil
}

// proportionalRows shares rows out in proportion to the features' values, at
// least one each.
func proportionalRows(sizes []int, rows int) []int {
	all := 0
	for _, n := range sizes {
		all += n
	}
	out := make([]int, len(sizes))
	for t, n := range sizes {
		out[t] = max(1, rows*n/all)
	}
	return out
}

// evenRows gives features that need less than an even share of the rows a row
// for each of their values, and shares the rest out evenly.
func evenRows(sizes []int, rows int) []int {
	order := make([]int, len(sizes))
	for t := range order {
		order[t] = t
	}
	slices.SortStableFunc(order, func(a, b int) int { return sizes[a] - sizes[b] })
	out := make([]int, len(sizes))
	for i, t := range order {
		out[t] = max(1, min(sizes[t], rows/(len(order)-i)))
		rows -= out[t]
	}
	return out
}

// unifiedClicks looks clicks up in a table: its values are the bed's, counted
// in their fields.
type unifiedClicks struct {
	table   *unified.Table
	offsets []int
	flat    []uint64
	values  [][]uint64
}

func (u *unifiedClicks) of(ids []int32) [][]uint64 {
	n := len(u.offsets)
	u.flat, u.values = slices.Grow(u.flat[:0], len(ids)), u.values[:0]
	for i, id := range ids {
		u.flat = append(u.flat, uint64(int(id)-u.offsets[i%n]))
	}
	for i := 0; i < len(ids); i += n {
		u.values = append(u.values, u.flat[i:i+n])
	}
	return u.values
}

func (u *unifiedClicks) Lookup(ids []int32, out []float32) error {
	return u.table.Lookup(u.of(ids), out)
}

func (u *unifiedClicks) Accumulate(ids []int32, grad []float32) error {
	return u.table.Accumulate(u.of(ids), grad)
}

func (u *unifiedClicks) Step(lr float64) { u.table.Step(lr) }

// summed adds up what a table gives for each field.
type summed struct {
	clickTable
	dim, fields int
	wide        []float32
}

func (s *summed) Lookup(ids []int32, out []float32) error {
	s.wide = slices.Grow(s.wide[:0], len(ids)*s.dim)[:len(ids)*s.dim]
	if err := s.clickTable.Lookup(ids, s.wide); err != nil {
		return err
	}
	clear(out)
	for i, v := range s.wide {
		out[i/(s.fields*s.dim)*s.dim+i%s.dim] += v
	}
	return nil
}

func (s *summed) Accumulate(ids []int32, grad []float32) error {
	s.wide = slices.Grow(s.wide[:0], len(ids)*s.dim)[:len(ids)*s.dim]
	for i := range s.wide {
		s.wide[i] = grad[i/(s.fields*s.dim)*s.dim+i%s.dim]
	}
	return s.clickTable.Accumulate(ids, s.wide)
}

func unifiedChecks(r *lab.Run, budgets []int) {
	at := func(variant string, budget int) float64 {
		return r.Mean(unifiedJob{budget: budget}.metric(), variant)
	}
	for _, b := range budgets {
		if b < 5 || b > 20 {
			continue
		}
		best := max(at(unifiedProportional, b), at(unifiedSmallExact, b))
		r.AtLeast(fmt.Sprintf("AUC gained by sharing, %d%% of the rows, 1 probe", b), at(unifiedOne, b)-best, .015)
		if r.Broken == "" {
			r.AtLeast(fmt.Sprintf("AUC gained by a second probe, %d%% of the rows", b), at(unifiedProbes, b)-at(unifiedOne, b), .008)
		}
	}
	if r.Broken != "" {
		return
	}
	for _, b := range []int{20, 10} {
		shared, separate := r.Mean(cosineMetric(b), unifiedOne), r.Mean(cosineMetric(b), unifiedProportional)
		r.AtMost(cosineMetric(b), shared, .12)
		r.AtMost(cosineMetric(b)+", over that of a table a feature", shared/separate, .5)
	}
	r.AtLeast("AUC of the full table above that of sharing half of its rows", at(unifiedFull, 100)-at(unifiedOne, 50), 0)
}

func unifiedNotes(r *lab.Run, c *clicks) {
	cfg := unified.Config{Rows: c.values() / 10, Features: make([]unified.Feature, len(c.fields))}
	if x, err := cfg.Expected(c.sizes); err == nil {
		r.Note("At 10%% of the rows a user shares its row with %.1f other users and %.1f values of other features, where a table of its own has %.1f other users: as many collisions, but of the harmless kind.",
			x[0].Within, x[0].Between, float64(c.sizes[0]-1)/float64(proportionalRows(c.sizes, cfg.Rows)[0]))
	}
	r.Note("Two features' weights have |cos| %.2f on average when they are random vectors of %d numbers.", math.Sqrt(2/(math.Pi*unifiedDim)), unifiedDim)
}

func unifiedPlots(r *lab.Run, budgets []int, jobs []unifiedJob, results []unifiedResult) {
	p := plot.Plot{
		Name: "auc-by-rows", Title: "AUC against the table's rows",
		X: plot.Axis{Label: "rows, in percent of all values", Log: true, Ticks: []float64{1, 2, 5, 10, 20, 50}},
		Y: plot.Axis{Label: "AUC"},
	}
	var rows []float64
	var metrics []string
	for _, b := range slices.Compact(append([]int{50}, budgets...)) {
		rows, metrics = append(rows, float64(b)), append(metrics, unifiedJob{budget: b}.metric())
	}
	for _, v := range []string{unifiedProportional, unifiedSmallExact, unifiedTwoSeparate, unifiedOne, unifiedProbes, unifiedThree} {
		if s := r.Series(v, rows, metrics); len(s.X) > 0 {
			p.Lines = append(p.Lines, s)
		}
	}
	p.Rules = []plot.Rule{{Name: unifiedFull, Y: r.Mean(unifiedJob{budget: 100}.metric(), unifiedFull)}}
	r.Plot(p)

	q := plot.Plot{
		Name: "cosines", Title: "How alike two features' weights are (logistic head, 10 and 20% of the rows)",
		X: plot.Axis{Label: "|cos| of the weights of two large features"},
		Y: plot.Axis{Label: "share of the pairs below"},
	}
	for _, v := range []string{unifiedOne, unifiedProportional} {
		var cos []float64
		for i, j := range jobs {
			if j.variant == v {
				cos = append(cos, results[i].cosines...)
			}
		}
		slices.Sort(cos)
		s := plot.Series{Name: v, Method: v == unifiedOne}
		for i, x := range cos {
			s.X, s.Y = append(s.X, x), append(s.Y, float64(i+1)/float64(len(cos)))
		}
		q.Lines = append(q.Lines, s)
	}
	q.Lines = append(q.Lines, randomCosines(unifiedDim))
	r.Plot(q)
}

// randomCosines is the distribution of |cos| of two random directions: its
// density is proportional to (1 - x^2)^((dim-3)/2).
func randomCosines(dim int) plot.Series {
	s := plot.Series{Name: "random directions"}
	const steps = 200
	sum := 0.0
	for i := range steps {
		x := (float64(i) + .5) / steps
		sum += math.Pow(1-x*x, float64(dim-3)/2)
		s.X, s.Y = append(s.X, float64(i+1)/steps), append(s.Y, sum)
	}
	for i := range s.Y {
		s.Y[i] /= sum
	}
	return s
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
