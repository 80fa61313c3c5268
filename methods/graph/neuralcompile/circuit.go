package neuralcompile

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Circuit is made of relu gates, and compiles into the weights of relu layers. A
// value that later layers need is carried through those between by the identity,
// so that inputs and gates must not be negative.
type Circuit struct {
	inputs int
	gates  []Sum // gate k is relu of it, and is wire inputs+k
	depth  []int // of each wire: the layer that computes it, 0 for inputs
}

// Sum is an affine combination of a circuit's wires.
type Sum struct {
	terms []term
	bias  float64
}

type term struct {
	wire   int
	weight float64
}

// NewCircuit returns a circuit without gates.
func NewCircuit(inputs int) *Circuit {
	return &Circuit{inputs: inputs, depth: make([]int, inputs)}
}

// Input is the circuit's input i.
func (c *Circuit) Input(i int) Sum { return Sum{terms: []term{{i, 1}}} }

// Plus is s + weight t.
func (s Sum) Plus(weight float64, t Sum) Sum {
	out := Sum{bias: s.bias + weight*t.bias}
	out.terms = append(out.terms, s.terms...)
	for _, x := range t.terms {
		out.terms = append(out.terms, term{x.wire, weight * x.weight})
	}
	return out
}

// Add is s + b.
func (s Sum) Add(b float64) Sum { return Sum{s.terms, s.bias + b} }

// ReLU adds a gate and returns max(0, s).
func (c *Circuit) ReLU(s Sum) Sum {
	depth := 0
	for _, t := range s.terms {
		depth = max(depth, c.depth[t.wire])
	}
	c.gates = append(c.gates, s)
	c.depth = append(c.depth, depth+1)
	return Sum{terms: []term{{len(c.depth) - 1, 1}}}
}

// AtMostOne is min(1, x) for x >= 0.
func (c *Circuit) AtMostOne(x Sum) Sum { return c.ReLU(x).Plus(-1, c.ReLU(x.Add(-1))) }

// And is p and q for values of 0 and 1.
func (c *Circuit) And(p, q Sum) Sum { return c.ReLU(p.Plus(1, q).Add(-1)) }

// Gate is x if g is 1, and 0 if g is 0, for 0 <= x <= bound.
func (c *Circuit) Gate(x, g Sum, bound float64) Sum { return c.ReLU(x.Plus(bound, g).Add(-bound)) }

// Choose is a if g is 1, and b if g is 0, for values from 0 to bound.
func (c *Circuit) Choose(g, a, b Sum, bound float64) Sum {
	return c.Gate(a, g, bound).Plus(1, c.Gate(b, Sum{bias: 1}.Plus(-1, g), bound))
}

// Equal is 1 if two whole numbers are equal, and else 0.
func (c *Circuit) Equal(x, y Sum) Sum {
	d := x.Plus(-1, y)
	return c.ReLU(d.Add(1)).Plus(-2, c.ReLU(d)).Plus(1, c.ReLU(d.Add(-1)))
}

// ReLULayer is relu(W x + B).
type ReLULayer struct {
	W *mat.Dense // [outputs x inputs]
	B []float64
}

// Compile returns the layers that compute the outputs, which must not be
// negative, from the inputs.
func (c *Circuit) Compile(outputs ...Sum) []ReLULayer {
	// The outputs are the gates of the last layer.
	last := 0
	for _, o := range outputs {
		for _, t := range o.terms {
			last = max(last, c.depth[t.wire])
		}
	}
	last++
	until := make([]int, len(c.depth)) // the last layer that reads a wire
	read := func(s Sum, layer int) {
		for _, t := range s.terms {
			until[t.wire] = max(until[t.wire], layer)
		}
	}
	for k, g := range c.gates {
		read(g, c.depth[c.inputs+k])
	}
	for _, o := range outputs {
		read(o, last)
	}
	place := make(map[int]int, c.inputs) // of the wires in the layer before
	for i := range c.inputs {
		place[i] = i
	}
	width := c.inputs
	var layers []ReLULayer
	for l := 1; l <= last; l++ {
		var rows []Sum
		next := map[int]int{}
		if l == last {
			rows = outputs
		} else {
			for wire, d := range c.depth {
				if d > l || until[wire] <= l {
					continue
				}
				next[wire] = len(rows)
				if d == l {
					rows = append(rows, c.gates[wire-c.inputs])
				} else {
					rows = append(rows, Sum{terms: []term{{wire, 1}}})
				}
			}
		}
		layer := ReLULayer{mat.NewDense(len(rows), width, nil), make([]float64, len(rows))}
		for i, row := range rows {
			layer.B[i] = row.bias
			for _, t := range row.terms {
				layer.W.Set(i, place[t.wire], layer.W.At(i, place[t.wire])+t.weight)
			}
		}
		layers = append(layers, layer)
		place, width = next, len(rows)
	}
	return layers
}

// apply computes the layers for a vector.
func apply(layers []ReLULayer, x []float64) ([]float64, error) {
	for _, l := range layers {
		rows, cols := l.W.Dims()
		if cols != len(x) {
			return nil, fmt.Errorf("neuralcompile: a relu layer of %d inputs is given %d", cols, len(x))
		}
		y := make([]float64, rows)
		for i := range y {
			s := l.B[i]
			for j, w := range l.W.RawRowView(i) {
				s += w * x[j]
			}
			y[i] = max(0, s)
		}
		x = y
	}
	return x, nil
}
