package activelearn

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol }

// search is a noisy search for a threshold of n positions; gap gives the size of
// each position's lean, by instance kind.
func search(n, budget int, gaps ...float64) Problem {
	p := Problem{Budget: budget}
	for t := range n + 1 {
		for _, d := range gaps {
			row := make([]float64, n)
			for i := range row {
				row[i] = (1 + d) / 2
				if i < t {
					row[i] = (1 - d) / 2
				}
			}
			p.P, p.Truth, p.Complexity = append(p.P, row), append(p.Truth, t), append(p.Complexity, 1/(d*d))
		}
	}
	return p
}

// some is a problem without any structure.
func some(rng *rand.Rand, instances, questions, answers, budget int) Problem {
	p := Problem{Budget: budget}
	for i := range instances {
		row := make([]float64, questions)
		for q := range row {
			row[q] = rng.Float64()
		}
		p.P, p.Truth, p.Complexity = append(p.P, row), append(p.Truth, i%answers), append(p.Complexity, 1+rng.Float64())
	}
	return p
}

func game(t *testing.T, p Problem) *Game {
	t.Helper()
	g, err := NewGame(p)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}

// TestNoQuestions: without any, nothing beats a guess among all answers.
func TestNoQuestions(t *testing.T) {
	p := search(5, 0, .9, .5)
	m, b, err := game(t, p).Minimax(t.Context(), nil, nil, 600)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 - 1./6; !near(b.Lower, want, 1e-3) || !near(b.Upper, want, 1e-2) || b.Lower > want+1e-12 || b.Upper < want-1e-12 {
		t.Errorf("bounds %v around %v", b, want)
	}
	if _, ok := m.Policies[0].Start().Result(); !ok {
		t.Error("no result without questions")
	}
}

// TestNoNoise: with sure replies and enough of them nothing is lost.
func TestNoNoise(t *testing.T) {
	p := search(5, 3, 1) // 2^3 >= 6
	pol, loss, err := game(t, p).Bayes(ones(len(p.P)))
	if err != nil || loss > 1e-15 {
		t.Fatalf("loss %v %v", loss, err)
	}
	each, err := pol.Loss(p)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range each {
		if l != 0 {
			t.Errorf("threshold %d: loss %v", i, l)
		}
	}
	p.Budget = 2
	if _, loss, err = game(t, p).Bayes(ones(len(p.P))); err != nil || !near(loss, 2./6, 1e-12) {
		t.Errorf("two replies tell 4 of 6 apart: loss %v %v", loss, err)
	}
}

// TestBruteForce compares with all policies there are.
func TestBruteForce(t *testing.T) {
	for seed := range uint64(5) {
		rng := random.New(seed, 55)
		p := some(rng, 7, 2, 3, 2)
		w, sum := make([]float64, len(p.P)), 0.
		for i := range w {
			w[i] = rng.Float64()
			sum += w[i]
		}
		best := math.Inf(1)
		for queries := range 8 {
			for answers := range 81 {
				pol := newPolicy(2)
				for i := range pol.Query {
					pol.Query[i] = uint8(queries >> i & 1)
				}
				for i, a := 0, answers; i < 4; i, a = i+1, a/3 {
					pol.Answer[i] = uint8(a % 3)
				}
				loss, err := pol.Loss(p)
				if err != nil {
					t.Fatal(err)
				}
				mean := 0.
				for i, l := range loss {
					mean += w[i] / sum * l
				}
				best = min(best, mean)
			}
		}
		pol, loss, err := game(t, p).Bayes(w)
		if err != nil {
			t.Fatal(err)
		}
		if !near(loss, best, 1e-12) {
			t.Errorf("seed %d: loss %v, the best policy has %v", seed, loss, best)
		}
		each, err := pol.Loss(p)
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.
		for i, l := range each {
			mean += w[i] / sum * l
		}
		if !near(mean, loss, 1e-12) {
			t.Errorf("seed %d: the policy has %v, not the reported %v", seed, mean, loss)
		}
	}
}

// TestLikelihoods: the probabilities of all courses sum to 1, counted by their
// ends.
func TestLikelihoods(t *testing.T) {
	p := some(random.New(1, 55), 4, 2, 2, 5)
	ask := []int{0, 1, 1, 0, 1} // 2 and 3 times
	sum := make([]float64, len(p.P))
	choose := func(n, k int) float64 {
		c := 1.
		for i := range k {
			c *= float64(n-i) / float64(i+1)
		}
		return c
	}
	for a := range 3 {
		for b := range 4 {
			for i, l := range p.Likelihood(History{No: []int{2 - a, 3 - b}, Yes: []int{a, b}}) {
				sum[i] += choose(2, a) * choose(3, b) * l
			}
		}
	}
	// The game has the same likelihoods.
	g := game(t, p)
	h, state := History{make([]int, 2), make([]int, 2)}, 0
	for depth, q := range ask {
		yes := depth%2 == 0
		move := 2 * q
		if yes {
			move++
			h.Yes[q]++
		} else {
			h.No[q]++
		}
		state = int(g.next[depth][state*4+move])
	}
	want := p.Likelihood(h)
	for k, i := range g.order {
		if got := g.like[state*len(g.order)+k]; !near(got, want[i], 1e-15) {
			t.Errorf("instance %d: likelihood %v, want %v", i, got, want[i])
		}
	}
	for i, s := range sum {
		if !near(s, 1, 1e-12) {
			t.Errorf("instance %d: the courses sum to %v", i, s)
		}
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct{ n, budget, want int }{{5, 7, 19448}, {3, 8, 3003}, {1, 0, 1}} {
		if got := game(t, search(c.n, c.budget, .5)).States(); got != c.want {
			t.Errorf("%d questions, budget %d: %d states, want %d", c.n, c.budget, got, c.want)
		}
	}
}

func TestMinimaxBounds(t *testing.T) {
	for seed := range uint64(4) {
		p := some(random.New(seed, 56), 8, 3, 3, 3)
		m, b, err := game(t, p).Minimax(t.Context(), nil, nil, 400)
		if err != nil {
			t.Fatal(err)
		}
		loss, err := m.Loss(p)
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.
		for _, l := range loss {
			worst = max(worst, l)
		}
		if b.Lower > b.Upper || b.Upper-b.Lower > .05 || !near(worst, b.Upper, 1e-12) {
			t.Errorf("seed %d: bounds %v, the mixture's worst loss %v", seed, b, worst)
		}
	}
}

func TestRobust(t *testing.T) {
	p := search(3, 4, .9, .7, .5)
	m, cert, err := Robust(t.Context(), p, []float64{1.3, 2.1, 4}, 200)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := m.Loss(p)
	if err != nil {
		t.Fatal(err)
	}
	before := 0.
	for _, c := range cert.Classes {
		if c.Value.Lower > c.Value.Upper || c.Value.Upper < before {
			t.Errorf("complexity %v: V in %v, after at least %v", c.Complexity, c.Value, before)
		}
		before = c.Value.Lower
		worst := 0.
		for i, l := range loss {
			if p.Complexity[i] <= c.Complexity {
				worst = max(worst, l)
			}
		}
		if worst != c.Worst || worst < c.Value.Lower || worst-c.Value.Lower > cert.Gap.Upper+1e-9 {
			t.Errorf("complexity %v: worst loss %v, reported %v, V from %v, gap %v", c.Complexity, worst, c.Worst, c.Value.Lower, cert.Gap)
		}
	}
	if cert.Gap.Lower > cert.Gap.Upper || cert.Gap.Upper > .05 {
		t.Errorf("gap %v", cert.Gap)
	}
}

func TestLowerBound(t *testing.T) {
	// Two instances, of which question 1 says nothing.
	c, err := Problem{Budget: 1, P: [][]float64{{.9, .5}, {.4, .5}}, Truth: []int{0, 1}}.LowerBound()
	if err != nil {
		t.Fatal(err)
	}
	for i, kl := range []float64{
		.9*math.Log(.9/.4) + .1*math.Log(.1/.6),
		.4*math.Log(.4/.9) + .6*math.Log(.6/.1),
	} {
		if !near(c[i], 1/kl, 1e-9) {
			t.Errorf("instance %d: %v, want %v", i, c[i], 1/kl)
		}
	}
	// Two others that want one question each: both must share.
	c, err = Problem{Budget: 1, P: [][]float64{{.9, .9}, {.1, .9}, {.9, .1}}, Truth: []int{0, 1, 2}}.LowerBound()
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 / (.8 * math.Log(9)); math.Abs(c[0]-want) > .05*want {
		t.Errorf("%v, want %v", c[0], want)
	}
	// The same but for the answer: nothing can tell.
	c, err = Problem{P: [][]float64{{.9}, {.9}}, Truth: []int{0, 1}}.LowerBound()
	if err != nil || !math.IsInf(c[0], 1) {
		t.Errorf("%v %v, want infinity", c, err)
	}
}

// TestSession plays all courses of a policy and compares with its exact loss.
func TestSession(t *testing.T) {
	p := some(random.New(3, 55), 3, 2, 2, 3)
	pol, err := NewPolicy(3, 2, func(h History) int { return (h.Asked(0) + h.Yes[1]) % 2 }, func(h History) int { return min(1, h.Yes[0]) })
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(pol)
	if err != nil {
		t.Fatal(err)
	}
	var read Policy
	if err := json.Unmarshal(b, &read); err != nil || !reflect.DeepEqual(&read, pol) {
		t.Errorf("%s reads as %v %v", b, read, err)
	}
	loss, err := pol.Loss(p)
	if err != nil {
		t.Fatal(err)
	}
	rng := random.New(4, 55)
	for i, row := range p.P {
		wrong := 0.
		for course := range 8 {
			s := (&Mixture{[]*Policy{&read}}).Start(rng)
			prob := 1.
			for step := 0; ; step++ {
				q, ok := s.Next()
				if _, done := s.Result(); done == ok {
					t.Fatal("neither a question nor a result, or both")
				}
				if !ok {
					break
				}
				yes := course>>step&1 == 1
				if yes {
					prob *= row[q]
				} else {
					prob *= 1 - row[q]
				}
				s.Answer(yes)
			}
			z, _ := s.Result()
			s.Answer(true) // too late: nothing happens
			if again, ok := s.Result(); !ok || again != z {
				t.Errorf("result %d, then %d %v", z, again, ok)
			}
			if z != p.Truth[i] {
				wrong += prob
			}
		}
		if !near(wrong, loss[i], 1e-12) {
			t.Errorf("instance %d: loss %v by playing, %v exact", i, wrong, loss[i])
		}
	}
}

func TestErrors(t *testing.T) {
	ok := search(2, 2, .5)
	g := game(t, ok)
	ctx := t.Context()
	change := func(f func(p *Problem)) error {
		p := search(2, 2, .5)
		f(&p)
		_, err := NewGame(p)
		return err
	}
	for name, f := range map[string]func() error{
		"no instance":      func() error { _, err := NewGame(Problem{}); return err },
		"budget":           func() error { return change(func(p *Problem) { p.Budget = MaxBudget + 1 }) },
		"too many states":  func() error { _, err := NewGame(search(20, 16, .5)); return err },
		"ragged":           func() error { return change(func(p *Problem) { p.P[1] = p.P[1][:1] }) },
		"probability":      func() error { return change(func(p *Problem) { p.P[0][0] = math.NaN() }) },
		"truth":            func() error { return change(func(p *Problem) { p.Truth[0] = -1 }) },
		"truths":           func() error { return change(func(p *Problem) { p.Truth = p.Truth[1:] }) },
		"weights":          func() error { _, _, err := g.Bayes(ones(2)); return err },
		"no weight":        func() error { _, _, err := g.Bayes(make([]float64, 3)); return err },
		"negative weight":  func() error { _, _, err := g.Bayes([]float64{1, 1, -1}); return err },
		"no rounds":        func() error { _, _, err := g.Minimax(ctx, nil, nil, 0); return err },
		"nothing included": func() error { _, _, err := g.Minimax(ctx, make([]bool, 3), nil, 1); return err },
		"offset":           func() error { _, _, err := g.Minimax(ctx, nil, []float64{0, 0, math.NaN()}, 1); return err },
		"no classes":       func() error { _, _, err := g.Robust(ctx, nil, 1); return err },
		"descending":       func() error { _, _, err := g.Robust(ctx, []float64{4, 1}, 1); return err },
		"empty class":      func() error { _, _, err := g.Robust(ctx, []float64{1}, 1); return err },
		"no policies":      func() error { _, err := (&Mixture{}).Loss(ok); return err },
		"unknown question": func() error { _, err := (&Policy{[]uint8{7}, []uint8{0, 0}}).Loss(ok); return err },
		"no tree":          func() error { _, err := (&Policy{[]uint8{0}, []uint8{0}}).Loss(ok); return err },
		"question asked": func() error {
			_, err := NewPolicy(1, 2, func(History) int { return 2 }, func(History) int { return 0 })
			return err
		},
		"answer given":      func() error { _, err := NewPolicy(0, 2, nil, func(History) int { return -1 }); return err },
		"budget of policy":  func() error { _, err := NewPolicy(-1, 2, nil, nil); return err },
		"bound of no grid":  func() error { _, err := Problem{}.LowerBound(); return err },
		"loss on no grid":   func() error { _, err := newPolicy(0).Loss(Problem{}); return err },
		"robust on no grid": func() error { _, _, err := Robust(ctx, Problem{}, nil, 1); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := g.Minimax(done, nil, nil, 10); err == nil {
		t.Error("no error of a context that is done")
	}
}

// BenchmarkRound is a best response and its losses, beside the evaluation of a
// policy that is given, with 19,448 states and 204 instances.
func BenchmarkRound(b *testing.B) {
	p := some(random.New(1, 55), 204, 5, 6, 7)
	g, err := NewGame(p)
	if err != nil {
		b.Fatal(err)
	}
	w := ones(len(p.P))
	pol, _, err := g.Bayes(w)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("best response", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := g.Bayes(w); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rounds/s")
	})
	b.Run("evaluation", func(b *testing.B) {
		for b.Loop() {
			if _, err := pol.Loss(p); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rounds/s")
	})
}
