package vecstore

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// spec is a small table of four fields.
func spec() Spec {
	s := Spec{Rows: 400, Dim: 8, Fields: []int{2, 38, 60, 300}, Budget: .25, Steps: 300, Seed: 3}
	s.Count = make([]int, s.Rows)
	for i := range s.Count {
		s.Count[i] = 1000 / (1 + i%50)
	}
	return s
}

// budgets are those that some methods need.
func budgetOf(method string) float64 {
	switch method {
	case "full", "autodim", "optembed":
		return 1
	case "int16":
		return .5
	case "alpt":
		return .25 + 1./8 // a step for each row of 8
	case "dhe":
		return .9 // 64 inputs are many for so small a table
	case "mgqe":
		return .3
	}
	return .25
}

// regression is a task: rows are to come near targets of their own.
type regression struct {
	s       Spec
	target  []float32
	ids     []int32
	rng     *rand.Rand
	restart int
}

func newRegression(s Spec) *regression {
	t := &regression{s: s, target: make([]float32, s.Rows*s.Dim), rng: random.New(1, 1)}
	random.Normal(random.New(9, 9), t.target, .2)
	for i := range t.target {
		t.target[i] += .2 // something that all rows share
	}
	return t
}

func (t *regression) Restart() error { t.restart++; return nil }

func (t *regression) Batch(bool) []int32 {
	t.ids = t.ids[:0]
	for range 128 {
		t.ids = append(t.ids, t.rng.Int32N(int32(t.s.Rows)))
	}
	return t.ids
}

func (t *regression) Gradient(x, grad []float32, _ bool) error {
	for i, id := range t.ids {
		for j := range t.s.Dim {
			grad[i*t.s.Dim+j] = (x[i*t.s.Dim+j] - t.target[int(id)*t.s.Dim+j]) / float32(len(t.ids))
		}
	}
	return nil
}

func (t *regression) Score(lookup func(ids []int32, out []float32) error) (float64, error) {
	ids := make([]int32, t.s.Rows)
	for i := range ids {
		ids[i] = int32(i)
	}
	out := make([]float32, len(t.target))
	if err := lookup(ids, out); err != nil {
		return 0, err
	}
	sum := 0.
	for i, v := range out {
		sum -= float64((v - t.target[i]) * (v - t.target[i]))
	}
	return sum / float64(len(out)), nil
}

func TestMethodsLearnWithinBudget(t *testing.T) {
	for _, m := range Methods() {
		t.Run(m.Name, func(t *testing.T) {
			s := spec()
			s.Budget = budgetOf(m.Name)
			table, err := New(m.Name, s)
			if err != nil {
				t.Fatal(err)
			}
			if table.Dim() != s.Dim || table.ParameterBytes() <= 0 {
				t.Errorf("rows of %d, %d bytes of parameters", table.Dim(), table.ParameterBytes())
			}
			task := newRegression(s)
			nothing, err := task.Score(func(_ []int32, out []float32) error { clear(out); return nil })
			if err != nil {
				t.Fatal(err)
			}
			last := 0.
			store, err := table.Fit(context.Background(), task, .02, func(done float64) {
				if done < last || done > 1 {
					t.Errorf("progress %v after %v", done, last)
				}
				last = done
			})
			if err != nil {
				t.Fatal(err)
			}
			if last != 1 {
				t.Errorf("progress ends at %v", last)
			}
			score, err := task.Score(store.Lookup)
			if err != nil {
				t.Fatal(err)
			}
			if !(score > nothing) {
				t.Errorf("score %.4f, that of zeros is %.4f: nothing was learned", score, nothing)
			}
			full := 4 * s.Rows * s.Dim
			if got := store.Size().Values; float64(got) > s.Budget*float64(full)+16 {
				t.Errorf("%d bytes of values, want at most %v of %d", got, s.Budget, full)
			}
			if share := store.Share(); share <= 0 || math.Abs(share-float64(store.Size().Total())/float64(full)) > 1e-12 {
				t.Errorf("share %v", share)
			}
		})
	}
}

// Two tables of one seed are equal, and those of other seeds are not.
func TestSeed(t *testing.T) {
	rows := func(method string, seed uint64) []float32 {
		s := spec()
		s.Budget, s.Seed, s.Steps = budgetOf(method), seed, 20
		table, err := New(method, s)
		if err != nil {
			t.Fatal(err)
		}
		store, err := table.Fit(t.Context(), newRegression(s), .02, nil)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float32, 5*s.Dim)
		if err := store.Lookup([]int32{0, 1, 50, 399, 50}, out); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out[2*s.Dim:3*s.Dim], out[4*s.Dim:]) {
			t.Errorf("%s: an id has two rows", method)
		}
		return out
	}
	for _, m := range Methods() {
		a, b, c := rows(m.Name, 1), rows(m.Name, 1), rows(m.Name, 2)
		if !slices.Equal(a, b) {
			t.Errorf("%s: two tables of a seed differ", m.Name)
		}
		if slices.Equal(a, c) {
			t.Errorf("%s: tables of two seeds are equal", m.Name)
		}
	}
}

// The first step of Adam has the sign of the gradient and the rate's size, which
// is how the gradients of all parameters are compared with finite differences of
// the rows.
func TestGradients(t *testing.T) {
	s := spec()
	s.Budget, s.InitStd = .5, .05
	ids := []int32{0, 1, 3, 45, 77, 101, 150, 222, 303, 399}
	weights := make([]float32, len(ids)*s.Dim)
	random.Normal(random.New(5, 5), weights, 1)
	must := func(sc scheme, err error) scheme {
		if err != nil {
			t.Fatal(err)
		}
		return sc
	}
	compoScheme := must(newCompo(s)).(*compo)
	train := must(newTensorTrain(s)).(*tensorTrain)
	ring := must(newRobe(s)).(*robe)
	mde := must(newMDE(s)).(*mixed)
	biased, err := newMixed(s, []int{2, 4, 8, 2}, true)
	if err != nil {
		t.Fatal(err)
	}
	wide := s
	wide.Budget = .9
	dhe := must(newDeepHash(wide)).(*deepHash)
	auto := must(newAutoDim(s)).(*autoDim)
	for _, c := range []struct {
		name   string
		scheme scheme
		params [][]float32
	}{
		{"compo", compoScheme, [][]float32{compoScheme.q.w, compoScheme.r.w}},
		{"tt", train, [][]float32{train.core[0].w, train.core[1].w, train.core[2].w}},
		{"robe", ring, [][]float32{ring.a.w}},
		{"mde", mde, [][]float32{mde.e[0].w, mde.e[3].w, mde.p[3].p}},
		{"biased", biased, [][]float32{biased.e[0].w, biased.p[0].p, biased.bias[3].p}},
		{"dhe", dhe, [][]float32{dhe.layers[0].W, dhe.layers[1].W, dhe.layers[2].W, dhe.layers[2].B, dhe.norms[0].gamma.p, dhe.norms[1].beta.p}},
		{"autodim", auto, [][]float32{auto.e[3][0].w, auto.e[3][2].w, auto.w[3][1].p}},
	} {
		loss := func() float64 {
			auto.rng = random.New(6, 6) // the same noise each time
			out := make([]float32, len(weights))
			c.scheme.rows(ids, out)
			sum := 0.
			for i, v := range out {
				sum += float64(v * weights[i])
			}
			return sum
		}
		var grads [][]float64
		var before [][]float32
		for _, p := range c.params {
			g := make([]float64, len(p))
			for i := range p {
				g[i] = difference(&p[i], 1e-3, loss)
			}
			grads = append(grads, g)
			before = append(before, slices.Clone(p))
		}
		loss()
		c.scheme.learn(ids, weights, 1e-3)
		checked, least := 0, .02*largest(grads)
		for k, p := range c.params {
			for i := range p {
				moved := float64(p[i] - before[k][i])
				if g := grads[k][i]; math.Abs(g) > least {
					checked++
					if moved*g >= 0 {
						t.Errorf("%s: parameter %d of %d moved by %g, its gradient is %g", c.name, i, k, moved, g)
						break
					}
				}
			}
		}
		if checked < 15 {
			t.Errorf("%s: only %d gradients were large enough to be compared", c.name, checked)
		}
	}
}

// difference is the derivative of f by p.
func difference(p *float32, h float32, f func() float64) float64 {
	was := *p
	*p = was + h
	up := f()
	*p = was - h
	down := f()
	*p = was
	return (up - down) / (2 * float64(h))
}

// The gradient of AutoDim's choice, for noise that is held fixed.
func TestAutoDimChoice(t *testing.T) {
	s := spec()
	s.InitStd = .05
	ids := []int32{41, 45, 77, 101, 150, 200, 399}
	weights := make([]float32, len(ids)*s.Dim)
	random.Normal(random.New(5, 5), weights, 1)
	sc, err := newAutoDim(s)
	if err != nil {
		t.Fatal(err)
	}
	auto := sc.(*autoDim)
	loss := func() float64 {
		auto.rng = random.New(6, 6)
		out := make([]float32, len(weights))
		auto.rows(ids, out)
		sum := 0.
		for i, v := range out {
			sum += float64(v) * float64(weights[i])
		}
		return sum
	}
	const f, h = 3, 1e-3
	before := slices.Clone(auto.alpha[f])
	var want []float64
	for c := range before {
		auto.alpha[f][c] = before[c] + h
		up := loss()
		auto.alpha[f][c] = before[c] - h
		want = append(want, (up-loss())/(2*h))
		auto.alpha[f][c] = before[c]
	}
	loss()
	auto.adjust(ids, weights, 0)
	for c, g := range want {
		if got := (before[c] - auto.alpha[f][c]) / autoDimRate; math.Abs(got-g) > 2e-3*(1+math.Abs(g)) {
			t.Errorf("gradient %d is %v, want %v", c, got, g)
		}
	}
}

// largest is the largest absolute value.
func largest(g [][]float64) float64 {
	most := 0.
	for _, row := range g {
		for _, v := range row {
			most = max(most, math.Abs(v))
		}
	}
	return most
}

func TestSpecErrors(t *testing.T) {
	for name, change := range map[string]func(s *Spec){
		"no rows":            func(s *Spec) { s.Rows = 0 },
		"no dimensions":      func(s *Spec) { s.Dim = 0 },
		"no budget":          func(s *Spec) { s.Budget = 0 },
		"too much budget":    func(s *Spec) { s.Budget = 1.5 },
		"NaN budget":         func(s *Spec) { s.Budget = math.NaN() },
		"fields do not add":  func(s *Spec) { s.Fields = []int{1, 2} },
		"an empty field":     func(s *Spec) { s.Fields = []int{0, 400} },
		"frequencies of few": func(s *Spec) { s.Count = s.Count[:3] },
		"negative steps":     func(s *Spec) { s.Steps = -1 },
	} {
		s := spec()
		change(&s)
		if _, err := New("full", s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New("zip", spec()); err == nil {
		t.Error("an unknown method: no error")
	}
	tiny := spec()
	tiny.Budget = 1e-4
	for _, m := range Methods() {
		switch m.Name {
		case "full", "autodim", "optembed", "deeplight", "autosrh": // any size, or their own
			continue
		}
		if _, err := New(m.Name, tiny); err == nil {
			t.Errorf("%s: no error for a budget of nothing", m.Name)
		}
	}
	blind := spec()
	blind.Count = nil
	for _, m := range []string{"adapt", "mgqe", "autosrh"} {
		if _, err := New(m, blind); err == nil {
			t.Errorf("%s: no error without frequencies", m)
		}
	}
}

func TestTableErrors(t *testing.T) {
	s := spec()
	table, err := New("full", s)
	if err != nil {
		t.Fatal(err)
	}
	if table.Lookup([]int32{0}, make([]float32, 3)) == nil {
		t.Error("no error for a short output")
	}
	if table.Lookup([]int32{400}, make([]float32, s.Dim)) == nil {
		t.Error("no error for an id that there is not")
	}
	if table.Accumulate([]int32{-1}, make([]float32, s.Dim)) == nil {
		t.Error("no error for a negative id")
	}
	search, err := New("autodim", s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := search.Store(); err == nil {
		t.Error("no error for a store in the midst of a search")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := search.Fit(ctx, newRegression(s), .1, nil); err == nil {
		t.Error("no error after cancelling")
	}
}
