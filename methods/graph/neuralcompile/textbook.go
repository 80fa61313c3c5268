package neuralcompile

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/graph"
)

// State is what an algorithm knows after a round.
type State struct {
	Reached  []bool
	Parents  []int     // a node's own number if it has none
	Distance []float64 // Bellman-Ford alone; +Inf where not reached
	Token    int       // depth-first search alone, where it is; else -1
}

func newState(g *graph.Graph, source int) State {
	s := State{Reached: make([]bool, g.Len()), Parents: make([]int, g.Len()), Token: -1}
	for i := range s.Parents {
		s.Parents[i] = i
	}
	s.Reached[source] = true
	return s
}

func (s State) clone() State {
	return State{slices.Clone(s.Reached), slices.Clone(s.Parents), slices.Clone(s.Distance), s.Token}
}

// BreadthFirst is breadth-first search by the book: the first state and that
// after each round, up to the last that changes something. A node's parent is its
// smallest neighbour among those reached a round before.
func BreadthFirst(g *graph.Graph, source int) ([]State, error) {
	if err := checkSource(g, source); err != nil {
		return nil, err
	}
	states := []State{newState(g, source)}
	for {
		last := states[len(states)-1]
		next := last.clone()
		for i := range g.Len() {
			if last.Reached[i] {
				continue
			}
			for _, j := range g.Neighbors(i) {
				if last.Reached[j] {
					next.Reached[i], next.Parents[i] = true, int(j)
					break
				}
			}
		}
		if slices.Equal(last.Reached, next.Reached) {
			return states, nil
		}
		states = append(states, next)
	}
}

// Relax is Bellman-Ford by the book, all edges at once: the first state and that
// after each round, up to the last that changes something. A node's parent is the
// smallest of those that give it the least distance in the last round that
// improves it.
func Relax(g *graph.Graph, source int) ([]State, error) {
	if err := checkSource(g, source); err != nil {
		return nil, err
	}
	s := newState(g, source)
	s.Distance = make([]float64, g.Len())
	for i := range s.Distance {
		s.Distance[i] = math.Inf(1)
	}
	s.Distance[source] = 0
	states := []State{s}
	var near []edge
	for {
		last := states[len(states)-1]
		next, changed := last.clone(), false
		for i := range g.Len() {
			near = edges(near, g, i)
			for _, e := range near {
				if d := last.Distance[e.to] + e.weight; d < next.Distance[i] {
					next.Reached[i], next.Distance[i], next.Parents[i] = true, d, e.to
					changed = true
				}
			}
		}
		if !changed {
			return states, nil
		}
		states = append(states, next)
	}
}

// DepthFirst is depth-first search by the book, neighbours in the order of their
// numbers: the first state and that after each move of the token, down an edge or
// back up, until it is back at the source with nowhere to go.
func DepthFirst(g *graph.Graph, source int) ([]State, error) {
	if err := checkSource(g, source); err != nil {
		return nil, err
	}
	s := newState(g, source)
	s.Token = source
	states := []State{s}
	for {
		s = s.clone()
		at := s.Token
		for _, j := range g.Neighbors(at) {
			if !s.Reached[j] {
				s.Reached[j], s.Parents[j], s.Token = true, at, int(j)
				break
			}
		}
		if s.Token == at {
			if at == source {
				return states, nil
			}
			s.Token = s.Parents[at]
		}
		states = append(states, s)
	}
}

// Decode reads a program's state. Values between whole numbers, which softness
// leaves, are rounded.
func (p *Program) Decode(x *mat.Dense) (State, error) {
	n, columns := x.Dims()
	if columns != len(p.Columns) {
		return State{}, fmt.Errorf("neuralcompile: a state of %d columns for a program of %d", columns, len(p.Columns))
	}
	s := State{Reached: make([]bool, n), Parents: make([]int, n), Token: -1}
	reached, distance, token := p.Column(Reached), p.Column(Distance), p.Column(Token)
	if distance >= 0 {
		s.Distance = make([]float64, n)
	}
	for i := range n {
		s.Parents[i] = int(math.Round(x.At(i, p.Column(Parent))))
		if distance >= 0 {
			s.Distance[i] = x.At(i, distance)
			if s.Reached[i] = s.Distance[i] < p.unreached-p.Limits.Step/2; !s.Reached[i] {
				s.Distance[i] = math.Inf(1)
			}
			continue
		}
		s.Reached[i] = x.At(i, reached) >= .5
		if token >= 0 && x.At(i, token) >= .5 {
			s.Token = i
		}
	}
	return s, nil
}
