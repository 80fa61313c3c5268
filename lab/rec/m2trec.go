package rec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec/m2trec"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/vector"
)

// M2TRec reproduces M2TRec.
var M2TRec = lab.Reproduction{
	Slug:  "m2trec",
	Claim: "A session transformer over metadata ranks items that training never saw, where the same transformer over item ids is at chance.",
	State: lab.Partly,
	Missing: "Cold items hold; the rest of the claim does not. The second task neither speeds up training nor improves the ranking (HR@20 .120 with it and .121 without, .103 and .104 after one epoch), its head is no better than the usual category of the history (.580 against .581), " +
		"the transformer adds nothing to the trained mean of the history (.122), and the mean of the history's TF-IDF rows, without any training, is better (.161).",
	Method:   m2trecModel,
	Package:  "methods/rec/m2trec",
	Time:     25 * time.Second,
	FullTime: 6 * time.Minute,
	DataSets: []string{"papers"},
	Run:      runM2TRec,
	Broken: []lab.BrokenVariant{
		{Name: "shuffled-metadata", What: "The metadata are dealt anew over the papers, so that an item's vector says nothing about it."},
		{Name: "ids", What: "An item's only metadata is its number: the id-based model in the method's place."},
	},
}

// Names of M2TRec's variants and metrics.
const (
	m2trecModel = "M2TRec"
	oneTask     = "metadata, transformer, one task"
	pooled      = "metadata, mean of the history"
	onIDs       = "ids, transformer"
	dealtAnew   = "M2TRec, shuffled metadata"
	lsaMean     = "LSA-48, mean of the history"
	titleMean   = "TF-IDF of titles, mean of the history"
	textMean    = "TF-IDF of titles and abstracts, mean of the history"
	sameField   = "same primary category"
	chance      = "chance"
	usual       = "usual category of the history"
	commonest   = "commonest category"

	hr20     = "HR@20"
	mrr20    = "MRR@20"
	accuracy = "next category"
)

func runM2TRec(ctx context.Context, r *lab.Run) error {
	r.Progress(0, "papers and their authors")
	bed, err := loadBodyOfWork()
	if err != nil {
		return err
	}
	// One draw of prefixes for all seeds.
	rng := random.New(0, 1901)
	sessions, test := draw(rng, bed.train, 12_000), draw(rng, bed.test, 2000)
	base := m2trec.Config{
		Fields: bed.fields(), Tasks: []m2trec.Task{{Name: "primary category", Classes: len(bed.primaries), Weight: .5}},
		MaxLen: 8, Layers: 1, Heads: 2, Temperature: .07, LR: 2e-3, Batch: 256, Epochs: 2,
	}
	if r.Full {
		sessions = bed.train
	}
	metadata, ids := bed.items(), bed.ids()

	type model struct {
		name  string
		items []m2trec.Item
		m2trec.Config
	}
	with := func(name string, items []m2trec.Item, change func(*m2trec.Config)) model {
		m := model{name, items, base}
		change(&m.Config)
		return m
	}
	asIDs := func(c *m2trec.Config) {
		c.Fields = []m2trec.Field{{Name: "id", Vocab: len(ids), Dim: 64}}
	}
	alone := func(c *m2trec.Config) {
		c.Tasks = []m2trec.Task{{Name: "primary category", Classes: len(bed.primaries)}}
	}
	nothing := func(*m2trec.Config) {}
	var models []model
	switch {
	case r.Is("shuffled-metadata"):
		models = []model{with(m2trecModel, shuffledMetadata(metadata), nothing)}
	case r.Is("ids"):
		models = []model{with(m2trecModel, ids, asIDs)}
	default:
		models = []model{
			with(m2trecModel, metadata, nothing),
			with(oneTask, metadata, alone),
			with(pooled, metadata, func(c *m2trec.Config) { c.Layers = 0; alone(c) }),
		}
	}
	models = append(models, with(onIDs, ids, func(c *m2trec.Config) { asIDs(c); alone(c) }))
	if r.Full {
		models = append(models, with("M2TRec, 2 layers", metadata, func(c *m2trec.Config) { c.Layers = 2 }),
			with("M2TRec, 4 epochs", metadata, func(c *m2trec.Config) { c.Epochs = 4 }))
	}

	var mu sync.Mutex
	epochs := map[string]map[int][]float64{}
	err = r.EachSeed(ctx, 3, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		todo := slices.Clone(models)
		if r.Broken == "" && (r.Full || seed == r.Seed) {
			// Chance by construction: one seed is enough to see it.
			todo = append(todo, with(dealtAnew, shuffledMetadata(metadata), nothing))
		}
		for i, m := range todo {
			m.Seed = seed
			m.Progress = func(done float64) { progress((float64(i)+done)/float64(len(todo)), m.name) }
			_, err := m2trec.Fit(ctx, m.items, sessions, m.Config, func(epoch int, trained *m2trec.Model) (bool, error) {
				ranks, category, err := bed.rank(ctx, trained, m.items, test)
				if err != nil {
					return false, err
				}
				mu.Lock()
				if epochs[m.name] == nil {
					epochs[m.name] = map[int][]float64{}
				}
				epochs[m.name][epoch] = append(epochs[m.name][epoch], eval.HitRate(ranks, 20))
				mu.Unlock()
				if epoch == m.Epochs {
					r.Metric(hr20, m.name, seed, eval.HitRate(ranks, 20), "")
					r.Metric(mrr20, m.name, seed, mrrAt(ranks, 20), "")
					if m.Tasks[0].Weight > 0 {
						r.Metric(accuracy, m.name, seed, category, "")
					}
				}
				return true, nil
			})
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := bed.opponents(ctx, r, test); err != nil {
		return err
	}

	method := r.Mean(hr20, m2trecModel)
	r.AtLeast("HR@20 above the same transformer on ids", method-r.Mean(hr20, onIDs), .06)
	r.AtMost("HR@20 on ids, distance from chance (else the split leaks)", max(r.Mean(hr20, onIDs)-r.Mean(hr20, chance), r.Mean(hr20, chance)-r.Mean(hr20, onIDs)), .004)
	r.AtLeast("HR@20 above the mean of LSA vectors", method-r.Mean(hr20, lsaMean), .005)
	r.AtLeast("HR@20 above the mean of titles' TF-IDF", method-r.Mean(hr20, titleMean), .02)
	r.AtLeast("next category above the commonest", r.Mean(accuracy, m2trecModel)-r.Mean(accuracy, commonest), .05)
	if r.Broken == "" {
		r.AtMost("HR@20 with shuffled metadata, above chance", r.Mean(hr20, dealtAnew)-r.Mean(hr20, chance), .008)
		r.Note("Without any training, the mean of the history's TF-IDF rows of titles and abstracts finds more: HR@20 %.3f against %.3f. Rare words name an author's subject better than 64 dimensions do.", r.Mean(hr20, textMean), method)
		r.Note("The category task's head is right as often as the usual category of the history is: %.3f against %.3f.", r.Mean(accuracy, m2trecModel), r.Mean(accuracy, usual))
		r.Note("The transformer adds %+.3f to the HR@20 of the trained mean of the history, and the category task %+.3f (after one epoch: %.3f with it, %.3f without).",
			r.Mean(hr20, oneTask)-r.Mean(hr20, pooled), method-r.Mean(hr20, oneTask), mean(epochs[m2trecModel][1]), mean(epochs[oneTask][1]))
		r.Plot(epochPlot(epochs))
	}
	r.Plot(coldPlot(r))
	if r.Full {
		return byFrequency(ctx, r, base)
	}
	return nil
}

// draw is n random ones of the sessions, all if there are fewer.
func draw(rng *rand.Rand, sessions []m2trec.Session, n int) []m2trec.Session {
	perm := rng.Perm(len(sessions))
	out := make([]m2trec.Session, 0, n)
	for _, i := range perm[:min(n, len(perm))] {
		out = append(out, sessions[i])
	}
	return out
}

// fields are the words of title and abstract, starting from their LSA vectors,
// and the categories.
func (b *bodyOfWork) fields() []m2trec.Field {
	words := make([]float32, 0, b.texts.Cols*lsaDim)
	for _, v := range b.lsa.RawMatrix().Data {
		words = append(words, float32(4*v))
	}
	return []m2trec.Field{
		{Name: "words", Vocab: b.texts.Cols, Dim: lsaDim, Init: words},
		{Name: "categories", Vocab: len(b.names), Dim: 16},
	}
}

// items are the papers' metadata.
func (b *bodyOfWork) items() []m2trec.Item {
	items := make([]m2trec.Item, b.texts.Rows)
	for i := range items {
		words, weights := b.texts.Row(i)
		items[i] = m2trec.Item{
			Fields:  []m2trec.Bag{{Values: words, Weights: weights}, {Values: b.categories[i]}},
			Classes: []int32{b.primary[i]},
		}
	}
	return items
}

// ids are items of which nothing is known but their number.
func (b *bodyOfWork) ids() []m2trec.Item {
	items := make([]m2trec.Item, b.texts.Rows)
	for i := range items {
		items[i] = m2trec.Item{Fields: []m2trec.Bag{{Values: []int32{int32(i)}}}, Classes: []int32{b.primary[i]}}
	}
	return items
}

// shuffledMetadata deals the items' metadata anew; classes stay.
func shuffledMetadata(items []m2trec.Item) []m2trec.Item {
	out := slices.Clone(items)
	random.New(0, 1902).Shuffle(len(out), func(a, b int) { out[a].Fields, out[b].Fields = out[b].Fields, out[a].Fields })
	return out
}

// rank returns the targets' ranks among the candidates, and how often the next
// category is the likeliest one.
func (b *bodyOfWork) rank(ctx context.Context, m *m2trec.Model, items []m2trec.Item, test []m2trec.Session) (ranks []float64, category float64, err error) {
	histories := make([][]m2trec.Item, len(test))
	for i, s := range test {
		for _, j := range s.History {
			histories[i] = append(histories[i], items[j])
		}
	}
	sessions, err := m.Read(histories)
	if err != nil {
		return nil, 0, err
	}
	candidates := make([][]float32, len(b.candidates))
	for i, c := range b.candidates {
		if candidates[i], err = m.ItemVector(items[c]); err != nil {
			return nil, 0, err
		}
	}
	ranks, err = b.ranks(ctx, test, func(i int, scores []float32) {
		for j, x := range candidates {
			scores[j] = vector.Dot(sessions[i].Vector, x)
		}
	})
	for i, s := range test {
		p := sessions[i].Classes[0]
		if slices.Index(p, slices.Max(p)) == int(b.primary[s.Target]) {
			category += 1 / float64(len(test))
		}
	}
	return ranks, category, err
}

// ranks are those of the targets among the candidates, which are in the order of
// their numbers.
func (b *bodyOfWork) ranks(ctx context.Context, test []m2trec.Session, score func(i int, scores []float32)) ([]float64, error) {
	scores := make([]float32, len(b.candidates))
	ranks := make([]float64, len(test))
	for i, s := range test {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		score(i, scores)
		at, _ := slices.BinarySearch(b.candidates, s.Target)
		ranks[i] = eval.Rank(scores, at)
	}
	return ranks, nil
}

// opponents measures what needs no training.
func (b *bodyOfWork) opponents(ctx context.Context, r *lab.Run, test []m2trec.Session) error {
	lsa := make([]float32, b.texts.Rows*lsaDim)
	basis := make([]float32, 0, b.texts.Cols*lsaDim)
	for _, v := range b.lsa.RawMatrix().Data {
		basis = append(basis, float32(v))
	}
	b.texts.Mul(lsa, basis, lsaDim)
	vector.NormalizeRows(lsa, lsaDim)
	row := func(i int32) []float32 { return lsa[int(i)*lsaDim:][:lsaDim] }
	for _, o := range []struct {
		name  string
		score func(i int, scores []float32)
	}{
		{lsaMean, func(i int, scores []float32) {
			var z [lsaDim]float32
			for _, h := range test[i].History {
				vector.AddScaled(z[:], 1, row(h))
			}
			for j, c := range b.candidates {
				scores[j] = vector.Dot(z[:], row(c))
			}
		}},
		{titleMean, func(i int, scores []float32) { b.sparseMean(b.titles, test[i], scores) }},
		{textMean, func(i int, scores []float32) { b.sparseMean(b.texts, test[i], scores) }},
		{sameField, func(i int, scores []float32) {
			clear(scores)
			for _, h := range test[i].History {
				for j, c := range b.candidates {
					if b.primary[c] == b.primary[h] {
						scores[j]++
					}
				}
			}
		}},
	} {
		r.Progress(1, "%s", o.name)
		ranks, err := b.ranks(ctx, test, o.score)
		if err != nil {
			return err
		}
		r.Metric(hr20, o.name, r.Seed, eval.HitRate(ranks, 20), "")
		r.Metric(mrr20, o.name, r.Seed, mrrAt(ranks, 20), "")
	}
	r.Metric(hr20, chance, r.Seed, 20/float64(len(b.candidates)), "")

	common := make([]int, len(b.primaries))
	for _, s := range b.train {
		common[b.primary[s.Target]]++
	}
	first := int32(slices.Index(common, slices.Max(common)))
	hits := map[string]float64{}
	for _, s := range test {
		count := make([]int, len(b.primaries))
		for _, h := range s.History {
			count[b.primary[h]]++
		}
		if int32(slices.Index(count, slices.Max(count))) == b.primary[s.Target] {
			hits[usual] += 1 / float64(len(test))
		}
		if first == b.primary[s.Target] {
			hits[commonest] += 1 / float64(len(test))
		}
	}
	for _, name := range []string{usual, commonest} {
		r.Metric(accuracy, name, r.Seed, hits[name], "")
	}
	return nil
}

// sparseMean scores the candidates by the mean of the history's rows.
func (b *bodyOfWork) sparseMean(m *sparse.Matrix, s m2trec.Session, scores []float32) {
	z := make([]float32, m.Cols)
	for _, h := range s.History {
		cols, vals := m.Row(int(h))
		for k, c := range cols {
			z[c] += vals[k]
		}
	}
	for j, c := range b.candidates {
		cols, vals := m.Row(int(c))
		sum := float32(0)
		for k, w := range cols {
			sum += vals[k] * z[w]
		}
		scores[j] = sum
	}
}

// mrrAt is the mean reciprocal rank where ranks beyond k count 0.
func mrrAt(ranks []float64, k int) float64 {
	sum := 0.0
	for _, r := range ranks {
		if r <= float64(k) {
			sum += 1 / r
		}
	}
	return sum / float64(len(ranks))
}

func epochPlot(epochs map[string]map[int][]float64) plot.Plot {
	p := plot.Plot{
		Name: "hit-rate-by-epoch", Title: "With and without the category task the ranking is learned alike",
		X: plot.Axis{Label: "epoch", Ticks: []float64{1, 2}}, Y: plot.Axis{Label: hr20},
	}
	for _, name := range []string{m2trecModel, oneTask, pooled, onIDs, dealtAnew} {
		s := plot.Series{Name: name, Method: name == m2trecModel}
		for _, e := range sortedKeys(epochs[name]) {
			v := epochs[name][e]
			s.X, s.Y = append(s.X, float64(e)), append(s.Y, mean(v))
			s.Low, s.High = append(s.Low, slices.Min(v)), append(s.High, slices.Max(v))
		}
		p.Lines = append(p.Lines, s)
	}
	return p
}

// coldPlot compares on the papers that training never saw.
func coldPlot(r *lab.Run) plot.Plot {
	p := plot.Plot{
		Name: "hit-rate-cold", Title: "The next paper of an author, among 2,453 that training never saw",
		X: plot.Axis{Label: "model"}, Y: plot.Axis{Label: hr20},
	}
	var bar plot.Bar
	for _, m := range []struct{ name, label string }{
		{onIDs, "ids"}, {titleMean, "titles"}, {lsaMean, "LSA"}, {pooled, "mean"}, {m2trecModel, "M2TRec"}, {textMean, "TF-IDF"},
	} {
		if v := r.Values(hr20, m.name); len(v) > 0 {
			p.X.Labels = append(p.X.Labels, m.label)
			bar.Y = append(bar.Y, mean(v))
		}
	}
	bar.Name, bar.Method = hr20, true
	p.Bars = []plot.Bar{bar}
	return p
}
