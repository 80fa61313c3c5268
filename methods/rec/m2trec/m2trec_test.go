package m2trec

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

func someConfig() Config {
	return Config{
		Fields: []Field{{Name: "category", Vocab: 6, Dim: 4}, {Name: "words", Vocab: 20, Dim: 4}},
		Tasks:  []Task{{Name: "category", Classes: 6, Weight: .5}},
		MaxLen: 4, Layers: 1, Heads: 2, Temperature: .1, LR: .01, Batch: 8, Epochs: 1, Seed: 1,
	}
}

// someItems have a category and words that go with it.
func someItems(rng *rand.Rand, n int) []Item {
	items := make([]Item, n)
	for i := range items {
		c := int32(i % 6)
		items[i] = Item{
			Fields: []Bag{{Values: []int32{c}}, {
				Values:  []int32{3 * c, 3*c + 1 + int32(rng.IntN(2)), 18 + int32(rng.IntN(2))},
				Weights: []float32{.7, .6, float32(.1 + .3*rng.Float64())},
			}},
			Classes: []int32{c},
		}
	}
	return items
}

// someSessions stay within a category.
func someSessions(rng *rand.Rand, items []Item, n int) []Session {
	var sessions []Session
	for range n {
		c := rng.IntN(6)
		item := func() int32 { return int32(c + 6*rng.IntN(len(items)/6)) }
		s := Session{Target: item()}
		for range 1 + rng.IntN(6) {
			s.History = append(s.History, item())
		}
		sessions = append(sessions, s)
	}
	return sessions
}

func fit(t *testing.T, items []Item, sessions []Session, c Config) *Model {
	t.Helper()
	m, err := Fit(t.Context(), items, sessions, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func vectorOf(t *testing.T, m *Model, it Item) []float32 {
	t.Helper()
	x, err := m.ItemVector(it)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func read(t *testing.T, m *Model, history ...Item) Outlook {
	t.Helper()
	out, err := m.Read([][]Item{history})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) < 1e-5) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestLearnsTheCategory(t *testing.T) {
	rng := random.New(1, 1)
	items := someItems(rng, 120)
	c := someConfig()
	c.Epochs, c.Batch = 15, 32
	m := fit(t, items, someSessions(rng, items, 320), c)
	// Items that the model has never seen, one of each category.
	fresh := someItems(random.New(2, 2), 6)
	for k := range 6 {
		history := []Item{items[k], items[k+6]}
		hits, err := m.Recommend(history, fresh, 1)
		if err != nil {
			t.Fatal(err)
		}
		if int(hits[0].Item) != k {
			t.Errorf("after a session of category %d: item of %d", k, hits[0].Item)
		}
		p := read(t, m, history...).Classes[0]
		if best := slices.Index(p, slices.Max(p)); best != k {
			t.Errorf("after a session of category %d: category %d with %v", k, best, p)
		}
		sum := float32(0)
		for _, v := range p {
			sum += v
		}
		near(t, "sum of probabilities", []float32{sum}, []float32{1})
	}
}

func TestEqualMetadataEqualVectors(t *testing.T) {
	rng := random.New(1, 2)
	items := someItems(rng, 24)
	m := fit(t, items, someSessions(rng, items, 16), someConfig())
	twin := Item{Fields: slices.Clone(items[3].Fields)}
	near(t, "twin", vectorOf(t, m, twin), vectorOf(t, m, items[3]))
	x := vectorOf(t, m, items[3])
	near(t, "length", []float32{vector.Norm(x)}, []float32{1})
	if z := vectorOf(t, m, Item{Fields: []Bag{{}, {}}}); vector.Norm(z) != 0 {
		t.Errorf("an unknown item has the vector %v", z)
	}
	// Without weights a bag counts as its mean.
	mean := Item{Fields: []Bag{{Values: []int32{1, 2}}, {}}}
	weighed := Item{Fields: []Bag{{Values: []int32{1, 2}, Weights: []float32{.5, .5}}, {}}}
	near(t, "mean", vectorOf(t, m, mean), vectorOf(t, m, weighed))
}

// Without layers a session of one item is that item, and order means nothing.
func TestWithoutLayers(t *testing.T) {
	rng := random.New(1, 3)
	items := someItems(rng, 24)
	c := someConfig()
	c.Layers = 0
	m := fit(t, items, someSessions(rng, items, 16), c)
	near(t, "one item", read(t, m, items[5]).Vector, vectorOf(t, m, items[5]))
	near(t, "order", read(t, m, items[5], items[6]).Vector, read(t, m, items[6], items[5]).Vector)
}

// Padding, other sessions in the batch, and items before the last MaxLen change
// nothing.
func TestReadingIsAlone(t *testing.T) {
	rng := random.New(1, 4)
	items := someItems(rng, 24)
	m := fit(t, items, someSessions(rng, items, 16), someConfig())
	want := read(t, m, items[1], items[2])
	var many [][]Item
	for i := range 19 { // more than two batches
		many = append(many, items[i:i+1+i%5])
	}
	many = append(many, items[1:3])
	out, err := m.Read(many)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "in a batch", out[len(out)-1].Vector, want.Vector)
	near(t, "long", read(t, m, items[0], items[1], items[2], items[3], items[4]).Vector, read(t, m, items[1], items[2], items[3], items[4]).Vector)
	if z := read(t, m, items[2], items[1]); slices.Equal(z.Vector, want.Vector) {
		t.Error("positions are not seen")
	}
}

// lossOf runs the loss on one batch, with the gradients of all variables.
func lossOf(t *testing.T, c Config, items []Item, sessions []Session) (loss float64, grads map[string][]float32) {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{config: c, dim: c.dim(), store: model.NewStore()}
	if err := m.store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Fields {
		table := make([]float32, f.Vocab*f.Dim)
		random.Normal(random.New(1, 9), table, 1)
		m.tables = append(m.tables, table)
	}
	in := newBatch(len(sessions), c.MaxLen, m.dim, len(c.Tasks))
	rows := make([]int, len(sessions))
	for i := range rows {
		rows[i] = i
	}
	in.fill(m, items, sessions, rows)
	var names []string
	exec, err := model.NewExec(b, m.store, func(s *model.Scope, in []*graph.Node) []*graph.Node {
		z := m.session(s, in[0], in[2])
		l := m.loss(s.Store().RootScope(), in)
		for i, task := range c.Tasks { // so that a head exists where its weight is 0
			if task.Weight == 0 {
				l = graph.Add(l, graph.MulScalar(graph.ReduceAllSum(m.head(s, i, task, z)), 0))
			}
		}
		var vars []*graph.Node
		names = names[:0]
		for v := range s.IterVariables() {
			if v.Trainable {
				names, vars = append(names, v.Path()), append(vars, v.NodeValue(in[0].Graph()))
			}
		}
		return append([]*graph.Node{l}, graph.Gradient(l, vars...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	args := make([]any, 0, 5)
	for _, x := range in.inputs() {
		args = append(args, x)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	grads = map[string][]float32{}
	for i, name := range names {
		if grads[name], err = tensors.CopyFlatData[float32](out[1+i]); err != nil {
			t.Fatal(err)
		}
	}
	return float64(tensors.ToScalar[float32](out[0])), grads
}

// One session has no negatives, and neither have sessions with the same target:
// the loss of the next item is 0.
func TestLossWithoutNegatives(t *testing.T) {
	items := someItems(random.New(1, 5), 24)
	c := someConfig()
	c.Tasks = []Task{{Name: "category", Classes: 6}}
	for _, sessions := range [][]Session{
		{{History: []int32{1, 2}, Target: 3}},
		{{History: []int32{1, 2}, Target: 3}, {History: []int32{4}, Target: 3}},
	} {
		if loss, _ := lossOf(t, c, items, sessions); math.Abs(loss) > 1e-6 {
			t.Errorf("loss %v of %d sessions", loss, len(sessions))
		}
	}
	if loss, _ := lossOf(t, c, items, []Session{{[]int32{1, 2}, 3}, {[]int32{4}, 5}}); !(loss > 1e-3) {
		t.Errorf("loss %v of two targets", loss)
	}
}

func TestTaskWeight(t *testing.T) {
	rng := random.New(1, 6)
	items := someItems(rng, 24)
	c := someConfig()
	sessions := someSessions(rng, items, 8)
	const head = "/m2trec/task_0/weights"
	for _, w := range []float64{0, .5} {
		c.Tasks[0].Weight = w
		_, grads := lossOf(t, c, items, sessions)
		g, ok := grads[head]
		if !ok {
			t.Fatalf("no variable %s", head)
		}
		if size := vector.Norm(g); (size > 0) != (w > 0) {
			t.Errorf("weight %v: the head's gradient has length %v", w, size)
		}
	}
}

// The loss is that of the formula, without the transformer.
func TestLossIsTheFormula(t *testing.T) {
	rng := random.New(1, 7)
	items := someItems(rng, 24)
	c := someConfig()
	c.Layers, c.Tasks = 0, nil
	for i := range items {
		items[i].Classes = nil
	}
	sessions := []Session{{[]int32{0, 6}, 12}, {[]int32{1}, 7}, {[]int32{2, 3}, 12}}
	got, _ := lossOf(t, c, items, sessions)
	m := &Model{config: c, dim: c.dim()}
	for _, f := range c.Fields {
		table := make([]float32, f.Vocab*f.Dim)
		random.Normal(random.New(1, 9), table, 1)
		m.tables = append(m.tables, table)
	}
	want := 0.0
	for i, s := range sessions {
		z := make([]float32, m.dim)
		for _, h := range s.History {
			m.gather(z, items[h])
		}
		vector.Normalize(z)
		sum, own := 0.0, 0.0
		for j, o := range sessions {
			e := math.Exp(float64(vector.Dot(z, vectorOf(t, m, items[o.Target]))) / c.Temperature)
			if j == i {
				own = e
			} else if o.Target == s.Target {
				continue
			}
			sum += e
		}
		want -= math.Log(own/sum) / float64(len(sessions))
	}
	if math.Abs(got-want) > 1e-4 {
		t.Errorf("loss %v, want %v", got, want)
	}
}

// The model does not grow with the items.
func TestParameters(t *testing.T) {
	rng := random.New(1, 8)
	few, many := someItems(rng, 24), someItems(rng, 240)
	a := fit(t, few, someSessions(rng, few, 8), someConfig())
	b := fit(t, many, someSessions(rng, many, 8), someConfig())
	if a.Parameters() != b.Parameters() || a.Parameters() < 26*4 {
		t.Errorf("%d parameters with few items, %d with many", a.Parameters(), b.Parameters())
	}
}

func TestDeterministic(t *testing.T) {
	rng := random.New(1, 9)
	items := someItems(rng, 24)
	sessions := someSessions(rng, items, 64)
	a, b := fit(t, items, sessions, someConfig()), fit(t, items, sessions, someConfig())
	if !slices.Equal(read(t, a, items[1], items[2]).Vector, read(t, b, items[1], items[2]).Vector) || !slices.Equal(a.tables[1], b.tables[1]) {
		t.Error("two runs differ")
	}
}

func TestErrors(t *testing.T) {
	rng := random.New(1, 10)
	items := someItems(rng, 24)
	sessions := someSessions(rng, items, 8)
	for name, change := range map[string]func(*Config){
		"no fields":   func(c *Config) { c.Fields = nil },
		"temperature": func(c *Config) { c.Temperature = 0 },
		"heads":       func(c *Config) { c.Heads = 3 },
		"init":        func(c *Config) { c.Fields[0].Init = []float32{1} },
		"vocabulary":  func(c *Config) { c.Fields[1].Vocab = 2 },
		"classes":     func(c *Config) { c.Tasks[0].Classes = 2 },
		"batch":       func(c *Config) { c.Batch = 100 },
	} {
		c := someConfig()
		change(&c)
		if _, err := Fit(t.Context(), items, sessions, c, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, s := range map[string]Session{"no history": {Target: 1}, "no such item": {[]int32{1}, 99}} {
		if _, err := Fit(t.Context(), items, append(sessions, s), someConfig(), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, items, sessions, someConfig(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	m := fit(t, items, sessions, someConfig())
	if _, err := m.Read([][]Item{{}}); err == nil {
		t.Error("an empty session: no error")
	}
	if _, err := m.ItemVector(Item{}); err == nil {
		t.Error("an item without fields: no error")
	}
}

func TestCrossEntropy(t *testing.T) {
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	y, err := graph.CallOnce(b, func(x, class *graph.Node) *graph.Node { return crossEntropy(x, class, 2) },
		[][]float32{{0, 0}, {0, 50}}, []int32{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "cross-entropy", []float32{tensors.ToScalar[float32](y)}, []float32{math.Ln2 / 2})
}
