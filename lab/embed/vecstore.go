package embed

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/embed/vecstore"
)

// VectorStorage is paper 17: fourteen ways to hold an embedding table in less
// memory, on the same task at the same budgets, and codecs for stored vectors.
var VectorStorage = lab.Reproduction{
	Slug:     "vecstore",
	Claim:    "At equal memory, fewer bits cost the least: an INT8 table, learned without a full-precision copy, predicts as well as the full one. At a tenth of the memory, shared codebooks, circular arrays, composed rows and pruning stay far above a plain hash, and no method wins everywhere.",
	State:    lab.Reproduced,
	Method:   "INT8, 25%",
	Package:  "methods/embed/vecstore",
	Time:     30 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"movielens-100k", "papers"},
	Run:      runVectorStorage,
	Broken: []lab.BrokenVariant{
		{Name: "folded", What: "Ids are folded to a tenth of the rows before a method sees them, so that no method can tell apart what the hash cannot."},
		{Name: "frozen", What: "The compressed tables keep their first values, and only the model on top of them learns."},
	},
}

// vecstoreDim is the length of a table's row.
const vecstoreDim = 16

// compression is a table to be learned.
type compression struct {
	method string
	budget float64
	seed   uint64
}

// compressed is what came out of it.
type compressed struct {
	auc      float64
	share    float64 // memory of the store
	values   float64 // of it without what finds the values
	training float64 // memory of the parameters before the first step
	step     time.Duration
	lookup   time.Duration // of a row
}

// title is the variant's name.
func (c compression) title() string {
	for _, m := range vecstore.Methods() {
		if m.Name == c.method {
			switch c.method {
			case "full", "autodim", "optembed":
				return m.Title
			}
			return fmt.Sprintf("%s, %.4g%%", m.Title, 100*c.budget)
		}
	}
	return c.method
}

// The metrics of part A.
const (
	metricAUC      = "AUC"
	metricShare    = "memory, share of the full table"
	metricValues   = "of it, values"
	metricTraining = "parameters in training, share"
	metricStep     = "a step"
	metricLookup   = "a look-up"
)

// compressions are the tables of a run.
func compressions(r *lab.Run) []compression {
	one := func(budget float64, methods ...string) (cs []compression) {
		for _, m := range methods {
			cs = append(cs, compression{method: m, budget: budget})
		}
		return cs
	}
	switch r.Broken {
	case "folded":
		return one(.1, "hash", "compo", "robe")
	case "frozen":
		return slices.Concat(one(1, "full"), one(.25, "int8"))
	}
	all := slices.Concat(
		one(1, "full"), one(.5, "int16"), one(.25, "int8"), one(.3125, "alpt"), one(.2, "mde"),
		one(.1, "hash", "compo", "tt", "dhe", "robe", "dedup", "mgqe", "adapt", "deeplight", "autosrh"),
		one(1, "autodim", "optembed"),
	)
	if r.Full {
		all = append(all, one(.5, "hash", "compo", "tt", "dhe", "robe", "dedup", "mgqe", "adapt", "mde", "deeplight", "autosrh")...)
		all = append(all, one(.25, "deeplight", "autosrh")...)
	}
	return all
}

// slow are the methods that a default run sees with one seed alone: they bring
// searches and networks along, and no bar is theirs.
var slow = []string{"dhe", "autodim", "optembed"}

func runVectorStorage(ctx context.Context, r *lab.Run) error {
	tables := compressions(r)
	var jobs []compression
	for _, t := range tables {
		for i, seed := range r.Seeds(3) {
			if i > 0 && !r.Full && slices.Contains(slow, t.method) || i > 0 && r.Broken != "" {
				break
			}
			t.seed = seed
			jobs = append(jobs, t)
		}
	}
	vectors := r.Broken == ""
	var bed *storedVectors
	total := float64(len(jobs))
	if vectors {
		total += 2 // the encoder's training, and the codecs
	}
	epochs := 2
	if r.Full {
		epochs = 4
	}

	// Whatever is ready is reported in the jobs' order.
	results := make([]*compressed, len(jobs))
	var mu sync.Mutex
	reported := 0
	ready := func(i int, c *compressed) {
		mu.Lock()
		defer mu.Unlock()
		results[i] = c
		for ; reported < len(jobs) && results[reported] != nil; reported++ {
			jobs[reported].report(r, results[reported])
		}
	}
	progress := newShares(r, total)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	if vectors {
		g.Go(func() (err error) {
			bed, err = loadStoredVectors(gctx, r.Seed, progress.of("an encoder for the stored vectors"))
			return err
		})
	}
	for i, j := range jobs {
		g.Go(func() error {
			c, err := loadClicks()
			if err != nil {
				return err
			}
			out, err := c.compress(gctx, j, epochs, r.Broken, progress.of(fmt.Sprintf("%s, seed %d", j.title(), j.seed)))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", j.title(), j.seed, err)
			}
			ready(i, out)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if vectors {
		if err := bed.measure(ctx, r, progress.of("codecs")); err != nil {
			return err
		}
	}
	tableChecks(r, tables)
	if vectors {
		bed.checks(r)
		tableNotes(r)
		tablePlot(r, tables)
		bed.plot(r)
	}
	return nil
}

// shares adds up the progress of jobs that run side by side.
type shares struct {
	run   *lab.Run
	total float64
	mu    sync.Mutex
	done  float64
}

func newShares(r *lab.Run, total float64) *shares { return &shares{run: r, total: total} }

// of returns the progress function of one of the jobs.
func (s *shares) of(what string) func(done float64) {
	last := 0.
	return func(done float64) {
		s.mu.Lock()
		s.done += done - last
		last = done
		all := s.done / s.total
		s.mu.Unlock()
		s.run.Progress(all, "%s", what)
	}
}

// compress trains a model on a compressed table.
func (c *clicks) compress(ctx context.Context, j compression, epochs int, broken string, progress func(done float64)) (*compressed, error) {
	s := vecstore.Spec{
		Rows: c.values(), Dim: vecstoreDim, Fields: c.sizes, Count: make([]int, c.values()),
		Budget: j.budget, Seed: j.seed, Decay: clickDecay,
	}
	for _, x := range c.train.ids {
		s.Count[x]++
	}
	bed := c
	if broken == "folded" {
		bed = c.folded(c.values() / 10)
	}
	task, err := newClickTask(bed, clickModel{inputs: len(c.fields) * s.Dim, hidden: 64, epochs: epochs, seed: j.seed})
	if err != nil {
		return nil, err
	}
	task.frozen = broken == "frozen" && j.method != "full"
	s.Steps = task.steps()
	table, err := vecstore.New(j.method, s)
	if err != nil {
		return nil, err
	}
	full := float64(4 * s.Rows * s.Dim)
	out := &compressed{training: float64(table.ParameterBytes()) / full}
	start := time.Now()
	store, err := table.Fit(ctx, task, clickRate, progress)
	if err != nil {
		return nil, err
	}
	out.step = time.Since(start) / time.Duration(s.Steps)
	out.share, out.values = store.Share(), float64(store.Size().Values)/full

	rows := make([]float32, len(bed.test.ids)*s.Dim)
	start = time.Now()
	if err := store.Lookup(bed.test.ids, rows); err != nil {
		return nil, err
	}
	out.lookup = time.Since(start) / time.Duration(len(bed.test.ids))
	out.auc, err = task.test(store)
	return out, err
}

// folded is the bed with the values counted modulo n.
func (c *clicks) folded(n int) *clicks {
	f := *c
	for _, part := range []*impressions{&f.train, &f.test} {
		part.ids = slices.Clone(part.ids)
		for i := range part.ids {
			part.ids[i] %= int32(n)
		}
	}
	return &f
}

func (c compression) report(r *lab.Run, out *compressed) {
	v := c.title()
	r.Metric(metricAUC, v, c.seed, out.auc, "")
	r.Metric(metricShare, v, c.seed, out.share, "")
	r.Metric(metricValues, v, c.seed, out.values, "")
	r.Metric(metricTraining, v, c.seed, out.training, "")
	r.Metric(metricStep, v, c.seed, float64(out.step.Microseconds())/1000, "ms")
	r.Metric(metricLookup, v, c.seed, float64(out.lookup.Nanoseconds()), "ns")
}

func tableChecks(r *lab.Run, tables []compression) {
	auc := func(method string, budget float64) float64 {
		return r.Mean(metricAUC, compression{method: method, budget: budget}.title())
	}
	over := func(name string, a, b, bar float64) {
		if !math.IsNaN(a) && !math.IsNaN(b) { // a broken variant leaves some out
			r.AtLeast(name, a-b, bar)
		}
	}
	full, hash := auc("full", 1), auc("hash", .1)
	over("AUC: INT8 - full table", auc("int8", .25), full, -.005)
	over("AUC: ALPT - full table", auc("alpt", .3125), full, -.008)
	over("AUC: MDE at 20% - full table", auc("mde", .2), full, -.01)
	for _, m := range []struct {
		method string
		bar    float64
	}{{"robe", .015}, {"mgqe", .015}, {"compo", .015}, {"deeplight", .015}, {"tt", .01}} {
		t := compression{method: m.method, budget: .1}
		over("AUC: "+t.title()+" - hash", auc(m.method, .1), hash, m.bar)
	}
	if r.Broken != "" {
		return
	}
	worst, most := math.Inf(1), 0.
	for _, t := range tables {
		worst = min(worst, r.Mean(metricAUC, t.title()))
		most = max(most, r.Mean(metricValues, t.title())/t.budget)
	}
	r.AtLeast("AUC of the worst method", worst, .67)
	r.AtMost("values of a store, over its budget: the largest", most, 1.001) // a quantiser has its step
}

func tableNotes(r *lab.Run) {
	auc := func(method string, budget float64) float64 {
		return r.Mean(metricAUC, compression{method: method, budget: budget}.title())
	}
	hash := auc("hash", .1)
	for _, m := range []string{"adapt", "autosrh", "dhe"} {
		v := compression{method: m, budget: .1}
		if a := auc(m, .1); a-hash < .015 {
			r.Note("%s is no better than the hash by a margin here: %+.4f.", v.title(), a-hash)
		}
	}
	r.Note("Ids are numbered field by field, so the hash, id mod rows, never lets neighbours collide: it is better than a random one.")
	if !r.Full {
		r.Note("DHE, AutoDim and OptEmbed, which bring a network or a search along, are seen with one seed here, and with all in a full run.")
	}
	r.Note("The memory is that of what is kept. In training, only static encoding and quantisation take less than the full table; the moments of Adam come on top.")
}

// tablePlot shows the methods by their kind, for sixteen names are too many, and
// the frontier of those that no other beats at less memory.
func tablePlot(r *lab.Run, tables []compression) {
	p := plot.Plot{
		Name: "auc-by-memory", Title: "Predicting clicks with compressed tables",
		X: plot.Axis{Label: "memory, share of the full table", Log: true, Ticks: []float64{.05, .1, .2, .5, 1}},
		Y: plot.Axis{Label: "AUC"},
	}
	at := func(t compression) (memory, auc float64) {
		return r.Mean(metricShare, t.title()), r.Mean(metricAUC, t.title())
	}
	kinds := map[string]string{}
	var order []string
	for _, m := range vecstore.Methods() {
		k := string(m.Kind)
		switch m.Kind {
		case vecstore.Baseline:
			k = "full table and hash"
		case vecstore.Static, vecstore.Dynamic:
			k = "shared between rows"
		}
		kinds[m.Name] = k
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	for _, k := range order {
		s := plot.Series{Name: k}
		for _, t := range tables {
			if kinds[t.method] == k {
				x, y := at(t)
				s.X, s.Y = append(s.X, x), append(s.Y, y)
			}
		}
		p.Points = append(p.Points, s)
	}
	sorted := slices.Clone(tables)
	slices.SortStableFunc(sorted, func(a, b compression) int {
		xa, _ := at(a)
		xb, _ := at(b)
		return cmp.Compare(xa, xb)
	})
	frontier := plot.Series{Name: "the best at their memory", Method: true}
	for _, t := range sorted {
		x, y := at(t)
		if n := len(frontier.Y); n == 0 || y > frontier.Y[n-1] {
			frontier.X, frontier.Y = append(frontier.X, x), append(frontier.Y, y)
		}
	}
	p.Lines = []plot.Series{frontier}
	r.Plot(p)
}
