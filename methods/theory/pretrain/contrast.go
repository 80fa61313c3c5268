package pretrain

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// ContrastMLE fits f(x) = W x with r features to pairs of points, row i of x and of
// other [m x d], that are alike or not: P(alike) = sigmoid(f(x).f(x')). It starts
// from the largest directions of the pairs' mean of (alike - 1/2) x x'^T and
// maximises the likelihood in at most iters steps; 50 are plenty. The features come
// in any rotation.
func ContrastMLE(ctx context.Context, x, other *mat.Dense, alike []bool, r, iters int) (Linear, error) {
	m, d, err := points(x)
	if err != nil {
		return Linear{}, err
	}
	m2, d2, err := points(other)
	if err != nil {
		return Linear{}, err
	}
	if m2 != m || d2 != d || len(alike) != m || r < 1 || r > d || iters < 0 {
		return Linear{}, fmt.Errorf("pretrain: %d features of pairs: %d x %d with %d x %d and %d marks", r, m, d, m2, d2, len(alike))
	}
	c := contrast{x: x, other: other, alike: alike, r: r}
	w := c.start()
	if err := c.descend(ctx, w, iters); err != nil {
		return Linear{}, err
	}
	return Linear{mat.NewDense(r, d, w)}, nil
}

// descend goes down the loss from w, in place, by gradients with the step lengths
// of Barzilai and Borwein (1988), each halved until the loss falls below the
// largest of the last five.
func (c contrast) descend(ctx context.Context, w []float64, iters int) error {
	grad, next, nextGrad := make([]float64, len(w)), make([]float64, len(w)), make([]float64, len(w))
	last := []float64{c.loss(w, grad)}
	step := 1.
	for range iters {
		if err := ctx.Err(); err != nil {
			return err
		}
		norm := floats.Dot(grad, grad)
		if norm < 1e-14 {
			return nil
		}
		for ; step > 1e-10; step /= 2 {
			floats.AddScaledTo(next, w, -step, grad)
			if l := c.loss(next, nextGrad); l <= floats.Max(last)-1e-4*step*norm {
				last = append(last[max(0, len(last)-4):], l)
				break
			}
		}
		if step <= 1e-10 { // as low as rounding lets it go
			return nil
		}
		moved, curve := 0., 0.
		for i := range w {
			d := next[i] - w[i]
			moved += d * d
			curve += d * (nextGrad[i] - grad[i])
		}
		step = 1e3
		if curve > 1e-3*moved {
			step = moved / curve
		}
		copy(w, next)
		copy(grad, nextGrad)
	}
	return nil
}

// contrast is the loss of pairs.
type contrast struct {
	x, other *mat.Dense
	alike    []bool
	r        int
}

// start is by spectrum: for Gaussian points, E[(alike - 1/2) x x'^T] has the
// directions of W^T W.
func (c contrast) start() []float64 {
	m, d := c.x.Dims()
	signed := mat.DenseCopyOf(c.x)
	for i, a := range c.alike {
		s := .5 / float64(m)
		if !a {
			s = -s
		}
		floats.Scale(s, signed.RawRowView(i))
	}
	var cross mat.Dense
	cross.Mul(signed.T(), c.other)
	sym := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			sym.SetSym(i, j, (cross.At(i, j)+cross.At(j, i))/2)
		}
	}
	w := mat.NewDense(c.r, d, nil)
	values, vectors, err := largest(sym, c.r)
	if err != nil { // points are finite: there are eigenvalues
		return w.RawMatrix().Data
	}
	for j, l := range values {
		for i := range d {
			w.Set(j, i, 2*math.Sqrt(max(l, 1e-3))*vectors.At(i, j))
		}
	}
	return w.RawMatrix().Data
}

// loss is the mean negative log-likelihood, and its gradient if wanted.
func (c contrast) loss(w, grad []float64) float64 {
	m, d := c.x.Dims()
	wm := mat.NewDense(c.r, d, w)
	var f, g mat.Dense // features of both sides [m x r]
	f.Mul(c.x, wm.T())
	g.Mul(c.other, wm.T())
	sum := 0.
	for i, a := range c.alike {
		fi, gi := f.RawRowView(i), g.RawRowView(i)
		logit := floats.Dot(fi, gi)
		e := 1 / (1 + math.Exp(-logit))
		if a {
			sum += softplus(-logit)
			e--
		} else {
			sum += softplus(logit)
		}
		e /= float64(m)
		floats.Scale(e, fi)
		floats.Scale(e, gi)
	}
	if grad != nil {
		gm := mat.NewDense(c.r, d, grad)
		var other mat.Dense
		gm.Mul(g.T(), c.x)
		other.Mul(f.T(), c.other)
		gm.Add(gm, &other)
	}
	return sum / float64(m)
}

func softplus(v float64) float64 { return max(0, v) + math.Log1p(math.Exp(-math.Abs(v))) }
