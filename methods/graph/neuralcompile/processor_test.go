package neuralcompile

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
)

// examples are random graphs with an algorithm's trace.
func examples(t testing.TB, rng *rand.Rand, count, n int, algorithm func(*graph.Graph, int) ([]State, error)) []Example {
	t.Helper()
	var list []Example
	for range count {
		e := Example{Graph: randomGraph(t, rng, n), Source: rng.IntN(n)}
		var err error
		if e.Trace, err = algorithm(e.Graph, e.Source); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// accuracy is the share of parents and of whole graphs that are right.
func accuracy(t testing.TB, p *Processor, test []Example) (nodes, whole float64) {
	t.Helper()
	results, err := p.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	all, right, graphs := 0, 0, 0
	for i, r := range results {
		ok := 0
		for k, q := range test[i].Parents() {
			if r.Parents[k] == q {
				ok++
			}
		}
		all += len(r.Parents)
		right += ok
		if ok == len(r.Parents) {
			graphs++
		}
	}
	return float64(right) / float64(all), float64(graphs) / float64(len(test))
}

// small is quick to train.
var small = Config{Hidden: 16, Rounds: 3, Steps: 120, LR: .01}

func TestLearnsBreadthFirst(t *testing.T) {
	rng := random.New(1, 54)
	training, test := examples(t, rng, 200, 5, BreadthFirst), examples(t, rng, 50, 6, BreadthFirst)
	var first, last float64
	c := small
	c.OnStep = func(done, loss float64) {
		if last = loss; first == 0 {
			first = loss
		}
	}
	p, err := Train(t.Context(), training, c)
	if err != nil {
		t.Fatal(err)
	}
	if last > first/2 {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	if nodes, _ := accuracy(t, p, test); nodes < .85 {
		t.Errorf("%v of the parents are right", nodes)
	}
	results, err := p.Predict(test[:1])
	if err != nil {
		t.Fatal(err)
	}
	if len(results[0].Attention) != c.Rounds {
		t.Errorf("attention of %d rounds", len(results[0].Attention))
	}
	for i := range 6 {
		sum := 0.
		for j := range 6 {
			a := results[0].Attention[0].At(i, j)
			if sum += a; a != 0 && i != j && !test[0].Graph.Adjacent(i, j) {
				t.Errorf("node %d attends to %d, which is no neighbour", i, j)
			}
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("shares of node %d sum to %v", i, sum)
		}
	}
	if _, err := p.RollOut(t.Context(), test, 3); err == nil {
		t.Error("rolled out without traces: no error")
	}
}

func TestSameSeedSameProcessor(t *testing.T) {
	training := examples(t, random.New(2, 54), 20, 4, Relax)
	var losses [2]float64
	for i := range losses {
		c := small
		c.Steps, c.Traces = 5, true
		c.OnStep = func(_, loss float64) { losses[i] = loss }
		if _, err := Train(t.Context(), training, c); err != nil {
			t.Fatal(err)
		}
	}
	if losses[0] != losses[1] || losses[0] == 0 {
		t.Errorf("losses %v", losses)
	}
}

func TestRollOut(t *testing.T) {
	for name, algorithm := range textbook {
		rng := random.New(3, 54)
		training, test := examples(t, rng, 200, 4, algorithm), examples(t, rng, 20, 4, algorithm)
		c := small
		c.Traces = true
		p, err := Train(t.Context(), training, c)
		if err != nil {
			t.Fatal(err)
		}
		traces, err := p.RollOut(t.Context(), test, 4)
		if err != nil {
			t.Fatal(err)
		}
		right := 0.
		for i, states := range traces {
			if len(states) != 5 {
				t.Fatalf("%s: %d states", name, len(states))
			}
			share, err := Agreement(states, test[i].Trace[:min(5, len(test[i].Trace))])
			if err != nil {
				t.Fatal(err)
			}
			right += share / float64(len(traces))
			if s := states[4]; (s.Token >= 0) != (name == "DFS") || (s.Distance != nil) != (name == "Bellman-Ford") {
				t.Errorf("%s: state %+v", name, s)
			}
		}
		if right < .6 {
			t.Errorf("%s: %v of the states are right", name, right)
		}
	}
}

func TestTrainingChecksItsExamples(t *testing.T) {
	good := examples(t, random.New(4, 54), 2, 4, BreadthFirst)
	other := examples(t, random.New(4, 54), 1, 5, BreadthFirst)
	for what, list := range map[string][]Example{
		"none":            nil,
		"two sizes":       {good[0], other[0]},
		"no trace":        {{Graph: good[0].Graph}},
		"no graph":        {{Trace: good[0].Trace}},
		"no such source":  {{Graph: good[0].Graph, Source: 4, Trace: good[0].Trace}},
		"another's trace": {{Graph: good[0].Graph, Trace: other[0].Trace}},
		"no neighbour":    {{Graph: good[0].Graph, Trace: []State{{Reached: make([]bool, 4), Parents: []int{0, 1, 2, 7}}}}},
	} {
		if _, err := Train(t.Context(), list, small); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := Train(t.Context(), good, Config{Hidden: -1}); err == nil {
		t.Error("no width: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, good, small); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkStepProcessor(b *testing.B) {
	training := examples(b, random.New(5, 54), 100, 8, BreadthFirst)
	b.ReportAllocs()
	if _, err := Train(b.Context(), training, Config{Steps: b.N}); err != nil {
		b.Fatal(err)
	}
}
