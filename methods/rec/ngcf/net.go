package ngcf

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/vector"
)

// slope of the leaky rectifier below 0.
const slope = .2

// net has the parameters and what a step computes. Matrices are row by row; a
// node's row is user u's at u and item i's at users+i.
type net struct {
	Config
	users, items, nodes int
	slope               float32
	graph, back         *sparse.Matrix // the propagation matrix, whole, and its transpose

	w, g   []float32 // all parameters and their gradients: E^0, then layer by layer
	layers []layer
	l, lt  *sparse.Matrix // of this step, after edge dropout

	final, dfinal []float32 // [nodes x width]
	width         int
	work          [4][]float32 // of the backward pass, each [nodes x d]
}

// layer is one layer's parameters, as parts of net.w and net.g, and what is
// kept of its forward pass for the backward one. All but weights are [nodes x d].
type layer struct {
	w1, b1, w2, b2     []float32 // [d x d], [d]; empty for LightGCN
	dw1, db1, dw2, db2 []float32
	s, p               []float32 // inputs of W1 and W2
	y1, y2             []float32 // before the rectifiers; with Paper y1 has the sum of both
	keep               []float32 // dropout's factors: 0 or 1/(1-Dropout); nil without
	e                  []float32 // E^k
	length             []float32 // of E^k's rows [nodes]
}

func newNet(x rec.Interactions, c Config) (*net, error) {
	n := &net{Config: c, users: x.Users, items: x.Items, nodes: x.Users + x.Items, slope: slope}
	if c.Layers > 0 {
		over := x
		if c.Graph != nil {
			over.Pairs = c.Graph
		}
		norm := SymNorm
		if c.Variant == Code {
			norm = RowNormSelf
		}
		var err error
		if n.graph, err = norm(over); err != nil {
			return nil, err
		}
		n.back = n.graph.T()
	}
	d := c.Dim
	weights := 2 * (d*d + d)
	n.width = d * (c.Layers + 1)
	if c.Variant == LightGCN {
		weights, n.width = 0, d
	}
	n.w = make([]float32, n.nodes*d+c.Layers*weights)
	n.g = make([]float32, len(n.w))
	w, g := n.w[n.nodes*d:], n.g[n.nodes*d:]
	part := func(size int) (a, b []float32) {
		a, w = w[:size:size], w[size:]
		b, g = g[:size:size], g[size:]
		return a, b
	}
	for range c.Layers {
		l := layer{e: make([]float32, n.nodes*d)}
		if c.Variant != LightGCN {
			l.w1, l.dw1 = part(d * d)
			l.b1, l.db1 = part(d)
			l.w2, l.dw2 = part(d * d)
			l.b2, l.db2 = part(d)
			for _, m := range []*[]float32{&l.s, &l.p, &l.y1, &l.y2} {
				*m = make([]float32, n.nodes*d)
			}
			l.length = make([]float32, n.nodes)
			if c.Dropout > 0 {
				l.keep = make([]float32, n.nodes*d)
			}
		}
		n.layers = append(n.layers, l)
	}
	n.final = make([]float32, n.nodes*n.width)
	n.dfinal = make([]float32, len(n.final))
	for i := range n.work {
		n.work[i] = make([]float32, n.nodes*d)
	}
	return n, nil
}

// init draws the parameters: Xavier's uniform distribution for users, items and
// weights, 0 for biases.
func (n *net) init(rng *rand.Rand) {
	xavier := func(w []float32, in, out int) {
		a := math.Sqrt(6 / float64(in+out))
		random.Uniform(rng, w, -a, a)
	}
	d := n.Dim
	xavier(n.w[:n.users*d], n.users, d)
	xavier(n.w[n.users*d:n.nodes*d], n.items, d)
	for _, l := range n.layers {
		if n.Variant != LightGCN {
			xavier(l.w1, d, d)
			xavier(l.w2, d, d)
		}
	}
}

// model is the model with the parameters as they are.
func (n *net) model() *Model {
	n.forward(nil)
	cut := n.users * n.width
	return &Model{Users: n.users, Items: n.items, Dim: n.width, User: slices.Clone(n.final[:cut]), Item: slices.Clone(n.final[cut:])}
}

// forward sets final. Without rng there is no dropout.
func (n *net) forward(rng *rand.Rand) {
	n.l, n.lt = n.graph, n.back
	if rng != nil && n.EdgeDropout > 0 && n.Layers > 0 {
		dropped := *n.graph
		dropped.Val = make([]float32, len(n.graph.Val))
		dropout(rng, dropped.Val, n.EdgeDropout)
		for i, v := range n.graph.Val {
			dropped.Val[i] *= v
		}
		n.l, n.lt = &dropped, dropped.T()
	}
	e := n.w[:n.nodes*n.Dim]
	n.put(0, e, nil)
	for k := range n.layers {
		l := &n.layers[k]
		switch n.Variant {
		case LightGCN:
			n.l.Mul(l.e, e, n.Dim)
		case Code, Paper:
			n.convolve(l, e, rng)
		}
		e = l.e
		n.put(k+1, e, l)
	}
}

// put puts a layer's output into the final vectors.
func (n *net) put(k int, e []float32, l *layer) {
	d := n.Dim
	if n.Variant == LightGCN {
		share := 1 / float32(n.Layers+1)
		if k == 0 {
			clear(n.final)
		}
		vector.AddScaled(n.final, share, e)
		return
	}
	for v := range n.nodes {
		out := n.final[v*n.width+k*d:][:d]
		copy(out, e[v*d:(v+1)*d])
		if k > 0 && n.Variant == Code {
			l.length[v] = vector.Normalize(out)
		}
	}
}

// convolve is a layer of Code and Paper.
func (n *net) convolve(l *layer, e []float32, rng *rand.Rand) {
	d := n.Dim
	n.l.Mul(l.s, e, d)
	for i, s := range l.s {
		l.p[i] = s * e[i]
	}
	if n.Variant == Paper {
		vector.AddScaled(l.s, 1, e)
		clear(l.y1)
		vector.MulAdd(l.y1, l.s, l.w1, d, d)
		vector.MulAdd(l.y1, l.p, l.w2, d, d)
		for i, y := range l.y1 {
			l.e[i] = n.leaky(y)
		}
	} else {
		for v := range n.nodes {
			copy(l.y1[v*d:], l.b1)
			copy(l.y2[v*d:], l.b2)
		}
		vector.MulAdd(l.y1, l.s, l.w1, d, d)
		vector.MulAdd(l.y2, l.p, l.w2, d, d)
		for i, y := range l.y1 {
			l.e[i] = n.leaky(y) + n.leaky(l.y2[i])
		}
	}
	if rng != nil && n.Dropout > 0 {
		dropout(rng, l.keep, n.Dropout)
		for i, k := range l.keep {
			l.e[i] *= k
		}
	}
}

// backward sets the gradients of all parameters from dfinal, which it uses up.
// It must follow a forward pass with dropout on.
func (n *net) backward() {
	d := n.Dim
	// up is the gradient of E^k, from the layers above and from final.
	up, down := n.work[0], n.work[1]
	clear(up)
	for k := len(n.layers) - 1; k >= 0; k-- {
		l := &n.layers[k]
		n.take(k+1, up, l)
		below := n.w[:n.nodes*d]
		if k > 0 {
			below = n.layers[k-1].e
		}
		if n.Variant == LightGCN {
			n.lt.Mul(down, up, d)
		} else {
			n.deconvolve(l, down, up, below)
		}
		up, down = down, up
	}
	n.take(0, up, nil)
	vector.AddScaled(n.g[:n.nodes*d], 1, up)
}

// take adds to up the share of dfinal that belongs to layer k.
func (n *net) take(k int, up []float32, l *layer) {
	d := n.Dim
	if n.Variant == LightGCN {
		vector.AddScaled(up, 1/float32(n.Layers+1), n.dfinal)
		return
	}
	for v := range n.nodes {
		row := up[v*d : (v+1)*d]
		in := n.dfinal[v*n.width+k*d:][:d]
		if k == 0 || n.Variant == Paper {
			vector.AddScaled(row, 1, in)
			continue
		}
		// Of z = e / |e|: (g - (g.z) z) / |e|.
		if l.length[v] == 0 {
			continue
		}
		z := n.final[v*n.width+k*d:][:d]
		s := 1 / l.length[v]
		vector.AddScaled(row, s, in)
		vector.AddScaled(row, -s*vector.Dot(in, z), z)
	}
}

// deconvolve adds a layer's gradients, and sets down to that of its input e,
// given the gradient up of its output, which it overwrites.
func (n *net) deconvolve(l *layer, down, up, e []float32) {
	d := n.Dim
	if l.keep != nil {
		for i, k := range l.keep {
			up[i] *= k
		}
	}
	d1, d2 := l.y1, l.y2 // the gradients before the rectifiers take their places
	for i, u := range up {
		d1[i] = u * n.leakySlope(l.y1[i])
	}
	if n.Variant == Paper {
		d2 = d1
	} else {
		for i, u := range up {
			d2[i] = u * n.leakySlope(l.y2[i])
		}
		sumRows(l.db1, d1, d)
		sumRows(l.db2, d2, d)
	}
	vector.MulAddTrans(l.dw1, l.s, d1, d, d)
	vector.MulAddTrans(l.dw2, l.p, d2, d, d)
	ds, dp, self := up, n.work[2], n.work[3]
	clear(ds)
	clear(dp)
	vector.MulAdd(ds, d1, transpose(l.w1, d), d, d)
	vector.MulAdd(dp, d2, transpose(l.w2, d), d, d)
	// s = L e (plus e with Paper), p = (L e) * e.
	if n.Variant == Paper {
		copy(self, ds)
		for i, p := range dp {
			self[i] += p * (l.s[i] - e[i])
			ds[i] += p * e[i]
		}
	} else {
		for i, p := range dp {
			self[i] = p * l.s[i]
			ds[i] += p * e[i]
		}
	}
	n.lt.Mul(down, ds, d)
	vector.AddScaled(down, 1, self)
}

func (n *net) leaky(x float32) float32 {
	if x < 0 {
		return n.slope * x
	}
	return x
}

func (n *net) leakySlope(x float32) float32 {
	if x < 0 {
		return n.slope
	}
	return 1
}

// dropout fills keep with 0 (a share rate of it) and 1/(1-rate).
func dropout(rng *rand.Rand, keep []float32, rate float64) {
	limit := uint64(rate * (1 << 16))
	scale := float32(1 / (1 - float64(limit)/(1<<16)))
	for i := 0; i < len(keep); i += 4 {
		bits := rng.Uint64() // four draws of 16 bits
		for j := i; j < min(i+4, len(keep)); j++ {
			keep[j] = scale
			if bits&0xffff < limit {
				keep[j] = 0
			}
			bits >>= 16
		}
	}
}
