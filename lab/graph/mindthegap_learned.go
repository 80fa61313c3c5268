package graph

import (
	"context"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/graph/neuralcompile"
	"github.com/offprint/offprint/methods/random"
)

// The variants of the comparison with learned networks.
const (
	gapLearned  = "learned from outputs"
	gapTraced   = "learned from traces"
	gapDeep     = "learned, 16 rounds"
	gapSmallest = "smallest neighbour"
	gapTree     = "breadth-first tree"
	gapUniform  = "uniform attention"
)

const (
	trainNodes = 8  // of the graphs that are learned from
	largeNodes = 16 // of the larger ones of the test
	traceNodes = 12 // of the graphs with traces
	deepRounds = 16 // of the deeper network
)

// gap is the comparison with learned networks.
type gap struct {
	*lab.Run
	mu       sync.Mutex
	compiled *mat.Dense // attention of a round of Bellman-Ford, of the first seed
	learned  *mat.Dense
}

// outputSteps is the length of a training from outputs.
func (g *gap) outputSteps() int {
	if g.Full {
		return 1000
	}
	return 200
}

// accuracy reports a processor's parents.
func (g *gap) accuracy(variant string, a algorithm, seed uint64, test []neuralcompile.Example, parents [][]int) {
	n := test[0].Graph.Len()
	right, whole := 0, 0
	for i, e := range test {
		same := 0
		for k, q := range e.Parents() {
			if parents[i][k] == q {
				same++
			}
		}
		right += same
		if same == n {
			whole++
		}
	}
	g.Metric(rightParents(a, n), variant, seed, float64(right)/float64(n*len(test)), "")
	g.Metric(wholeGraphs(a, n), variant, seed, float64(whole)/float64(len(test)), "")
}

// seed trains the networks of a seed.
func (g *gap) seed(ctx context.Context, seed uint64, progress func(float64, string)) error {
	rng := random.New(seed, 5401)
	for i, a := range algorithms {
		training, err := gapExamples(rng, a, 1000, trainNodes)
		if err != nil {
			return err
		}
		train := func(rounds, steps int) (*neuralcompile.Processor, error) {
			return neuralcompile.Train(ctx, training, neuralcompile.Config{Rounds: rounds, Steps: steps, Seed: seed, OnStep: func(done, _ float64) {
				progress((float64(i)+done)/6, a.name+" from outputs")
			}})
		}
		p, err := train(0, g.outputSteps())
		if err != nil {
			return err
		}
		deep := p
		if i == 2 && (g.Full || seed == g.Seed) {
			if deep, err = train(deepRounds, 3*g.outputSteps()/2); err != nil {
				return err
			}
		}
		for _, n := range []int{trainNodes, largeNodes} {
			test, err := gapExamples(rng, a, 100, n)
			if err != nil {
				return err
			}
			results, err := p.Predict(test)
			if err != nil {
				return err
			}
			var parents, smallest, tree [][]int
			for i, e := range test {
				parents = append(parents, results[i].Parents)
				states, err := neuralcompile.BreadthFirst(e.Graph, e.Source)
				if err != nil {
					return err
				}
				tree = append(tree, states[len(states)-1].Parents)
				var s []int
				for k := range n {
					s = append(s, int(e.Graph.Neighbors(k)[0]))
				}
				s[e.Source] = e.Source
				smallest = append(smallest, s)
			}
			g.accuracy(gapLearned, a, seed, test, parents)
			g.accuracy(gapSmallest, a, seed, test, smallest)
			if i > 0 {
				g.accuracy(gapTree, a, seed, test, tree)
			}
			if deep == p {
				continue
			}
			if results, err = deep.Predict(test); err != nil {
				return err
			}
			for k, r := range results {
				parents[k] = r.Parents
			}
			g.accuracy(gapDeep, a, seed, test, parents)
		}
	}
	for i, a := range algorithms {
		if i == 2 && !g.Full {
			break // a move takes two rounds, and many more steps to learn
		}
		if err := g.traces(ctx, a, seed, func(done float64) { progress((3+float64(i)+done)/6, a.name+" from traces") }); err != nil {
			return err
		}
	}
	return nil
}

func attentionMass(a algorithm) string {
	return a.name + ", attention to the compiled network's choice"
}

func sameStates(a algorithm) string { return a.name + ", states as in the compiled trace" }

// traces trains on every step of an algorithm and looks inside.
func (g *gap) traces(ctx context.Context, a algorithm, seed uint64, progress func(float64)) error {
	rng := random.New(seed, 5402)
	training, err := gapExamples(rng, a, 1000, traceNodes)
	if err != nil {
		return err
	}
	test, err := gapExamples(rng, a, 100, traceNodes)
	if err != nil {
		return err
	}
	c := neuralcompile.Config{Traces: true, Rounds: 1, Steps: 400, Seed: seed, OnStep: func(done, _ float64) { progress(done) }}
	if a.name == "DFS" {
		c.Rounds, c.Steps = 2, 2000
	}
	p, err := neuralcompile.Train(ctx, training, c)
	if err != nil {
		return err
	}
	program, err := gapProgram(g.Run, a, traceNodes)
	if err != nil {
		return err
	}
	rolled, err := p.RollOut(ctx, test, program.Rounds(traceNodes))
	if err != nil {
		return err
	}
	var parents [][]int
	same, mass, uniform, rows := 0., 0., 0., 0
	for i, e := range test {
		states, trace, err := gapTrace(program, e)
		if err != nil {
			return err
		}
		share, err := neuralcompile.Agreement(rolled[i], states)
		if err != nil {
			return err
		}
		same += share / float64(len(test))
		parents = append(parents, rolled[i][len(rolled[i])-1].Parents)
		// The attention of both in the true state, at nodes whose parent changes.
		for t := 0; t+1 < len(e.Trace); t++ {
			step := neuralcompile.Example{Graph: e.Graph, Source: e.Source, Trace: e.Trace[t : t+1]}
			results, err := p.Predict([]neuralcompile.Example{step})
			if err != nil {
				return err
			}
			alpha, err := program.Attention(e.Graph, trace[t], 0, len(program.Layers[0].Heads)-1)
			if err != nil {
				return err
			}
			mask, changes := make([]bool, traceNodes), 0
			for k := range mask {
				if mask[k] = e.Trace[t+1].Parents[k] != e.Trace[t].Parents[k]; mask[k] {
					changes++
					uniform += 1 / float64(1+len(e.Graph.Neighbors(k)))
				}
			}
			if changes == 0 {
				continue
			}
			f, err := neuralcompile.Faithfulness(results[0].Attention[0], alpha, mask)
			if err != nil {
				return err
			}
			mass += f * float64(changes)
			rows += changes
			g.mu.Lock()
			if seed == g.Seed && a.name == "Bellman-Ford" && i == 0 && t == 1 {
				g.compiled, g.learned = alpha, results[0].Attention[0]
			}
			g.mu.Unlock()
		}
	}
	g.accuracy(gapTraced, a, seed, test, parents)
	g.Metric(sameStates(a), gapTraced, seed, same, "")
	if a.name == "DFS" {
		return nil // whose token, not a parent, is what attention finds
	}
	g.Metric(attentionMass(a), gapTraced, seed, mass/float64(rows), "")
	g.Metric(attentionMass(a), gapUniform, seed, uniform/float64(rows), "")
	return nil
}
