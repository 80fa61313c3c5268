package attrib

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/attrib/unlearn"
	"github.com/offprint/offprint/methods/random"
)

// The convex case is a ridge regression that forgets ten points, whose solution
// theta* without them is known. Steps on batches of the squared distance to its
// outputs (Oracle Matching) and of the loss on the points that stay are compared
// by |theta - theta*|^2 / |theta_0 - theta*|^2.
const (
	convexPoints = 400
	convexDim    = 40
	convexForget = 10
	convexRidge  = 1.
	convexBatch  = 10

	variantMatch = "oracle matching"
	variantSGD   = "SGD on the retained"
	variantProof = "the proof's bound"
)

var convexSteps = []int{20, 40, 60, 80, 100, 200, 500, 1000, 2000}

const convexFew = 5 // of convexSteps, those up to 100

func metricDistance(steps int) string { return fmt.Sprintf("convex: distance left, %d steps", steps) }

const metricProof = "convex: distance left over the proof's bound, 100 steps"

// linear is a regression, with steps of plain gradients.
type linear struct {
	theta []float32
	decay float32
}

// Logits implements unlearn.Model.
func (l *linear) Logits(x []float32) ([]float32, error) {
	d := len(l.theta)
	z := make([]float32, len(x)/d)
	for i := range z {
		for k, w := range l.theta {
			z[i] += w * x[i*d+k]
		}
	}
	return z, nil
}

// Step implements unlearn.Model.
func (l *linear) Step(x []float32, lr float64, gradient func([]float32)) error {
	z, err := l.Logits(x)
	if err != nil {
		return err
	}
	gradient(z)
	d := len(l.theta)
	g := make([]float32, d)
	for i, v := range z {
		for k := range g {
			g[k] += v * x[i*d+k]
		}
	}
	for k := range l.theta {
		l.theta[k] -= float32(lr) * (g[k] + l.decay*l.theta[k])
	}
	return nil
}

// regression is one problem.
type regression struct {
	x           *mat.Dense // [points x dim]; the first convexForget are to go
	y           []float64
	start, goal []float64 // solutions with and without them
	sharp       float64   // largest curvature of the mean loss, which the rates are relative to
}

// newRegression draws one.
func newRegression(rng *rand.Rand) (*regression, error) {
	p := &regression{x: mat.NewDense(convexPoints, convexDim, nil), y: make([]float64, convexPoints)}
	theta := make([]float64, convexDim)
	for k := range theta {
		theta[k] = rng.NormFloat64()
	}
	for i := range convexPoints {
		for k := range theta {
			v := rng.NormFloat64()
			p.x.Set(i, k, v)
			p.y[i] += v * theta[k]
		}
		p.y[i] += rng.NormFloat64()
		if i < convexForget {
			p.y[i] += 5
		}
	}
	var err error
	if p.start, err = p.solve(0); err != nil {
		return nil, err
	}
	if p.goal, err = p.solve(convexForget); err != nil {
		return nil, err
	}
	values, err := eigenvalues(p.curvature())
	if err != nil {
		return nil, err
	}
	p.sharp = values[convexDim-1]
	return p, nil
}

// solve returns the ridge regression of the points from the index first on.
func (p *regression) solve(first int) ([]float64, error) {
	x := p.x.Slice(first, convexPoints, 0, convexDim)
	a := mat.NewSymDense(convexDim, nil)
	a.SymOuterK(1, x.T())
	for k := range convexDim {
		a.SetSym(k, k, a.At(k, k)+convexRidge)
	}
	var b, theta mat.VecDense
	b.MulVec(x.T(), mat.NewVecDense(convexPoints-first, p.y[first:]))
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return nil, fmt.Errorf("the regression has no solution")
	}
	if err := chol.SolveVecTo(&theta, &b); err != nil {
		return nil, err
	}
	return theta.RawVector().Data, nil
}

// curvature is the second derivative H of the mean of (x . theta - h)^2.
func (p *regression) curvature() *mat.SymDense {
	h := mat.NewSymDense(convexDim, nil)
	h.SymOuterK(2./convexPoints, p.x.T())
	return h
}

// proof returns the rate of steps and the factor rho that the expected squared
// distance to theta* shrinks by, at least, in each step of Oracle Matching with a
// batch of b: as all examples have their least loss at theta*,
//
//	E|d'|^2 = d^T E[(I - eta H_b)^2] d <= rho |d|^2,
//	rho = largest eigenvalue of I - 2 eta H + eta^2 (H^2 + (E[H_i^2] - H^2) / b).
//
// The rate eta is the best of a grid.
func (p *regression) proof() (eta, rho float64, err error) {
	h := p.curvature()
	var second, single mat.Dense // H^2, E[H_i^2]
	second.Mul(h, h)
	scaled := mat.NewDense(convexPoints, convexDim, nil)
	for i := range convexPoints {
		row := p.x.RawRowView(i)
		norm := mat.Norm(p.x.RowView(i), 2)
		for k, v := range row {
			scaled.Set(i, k, 2*v*norm)
		}
	}
	single.Mul(scaled.T(), scaled)
	single.Scale(1./convexPoints, &single)
	rho = math.Inf(1)
	for step := 1; step <= 60; step++ {
		e := .01 * float64(step) / p.sharp * 2
		m := mat.NewSymDense(convexDim, nil)
		for i := range convexDim {
			for k := i; k < convexDim; k++ {
				v := -2*e*h.At(i, k) + e*e*(second.At(i, k)+(single.At(i, k)-second.At(i, k))/convexBatch)
				if i == k {
					v++
				}
				m.SetSym(i, k, v)
			}
		}
		values, err := eigenvalues(m)
		if err != nil {
			return 0, 0, err
		}
		if l := values[convexDim-1]; l < rho {
			eta, rho = e, l
		}
	}
	return eta, rho, nil
}

func eigenvalues(m mat.Symmetric) ([]float64, error) {
	var e mat.EigenSym
	if !e.Factorize(m, false) {
		return nil, fmt.Errorf("no eigenvalues")
	}
	return e.Values(nil), nil
}

// left is the share of the squared distance to theta* that is left.
func (p *regression) left(m *linear) float64 {
	now, before := 0., 0.
	for k, w := range p.goal {
		now += (float64(m.theta[k]) - w) * (float64(m.theta[k]) - w)
		before += (p.start[k] - w) * (p.start[k] - w)
	}
	return now / before
}

func (p *regression) model() *linear {
	m := &linear{theta: make([]float32, convexDim)}
	for k, w := range p.start {
		m.theta[k] = float32(w)
	}
	return m
}

// rates are tried by both; a falling one is divided by 1 + t/100.
var rates = []float64{1.5, .5, .2, .1, .03, .01}

// match returns the distances left after the numbers of steps, of the best rate
// or, if rate is not 0, of this one.
func (p *regression) match(ctx context.Context, seed uint64, steps []int, rate float64) ([]float64, error) {
	e := unlearn.Examples{Dim: convexDim}
	for _, v := range p.x.RawMatrix().Data {
		e.X = append(e.X, float32(v))
	}
	oracle := p.model()
	for k, w := range p.goal {
		oracle.theta[k] = float32(w)
	}
	target, err := oracle.Logits(e.X)
	if err != nil {
		return nil, err
	}
	try := []float64{rate}
	if rate == 0 {
		try = nil
		for _, r := range rates {
			try = append(try, r/p.sharp)
		}
	}
	var best []float64
	for _, r := range try {
		m := p.model()
		var out []float64
		for i, s := range steps {
			if i > 0 {
				s -= steps[i-1]
			}
			err := unlearn.Match(ctx, m, e, target, nil, unlearn.Options{Steps: s, Rate: r, Batch: convexBatch, Seed: random.Mix(uint64(i), seed)})
			if err != nil {
				return nil, err
			}
			out = append(out, p.left(m))
		}
		best = better(best, out)
	}
	return best, nil
}

// better is the list of the two that ends lower.
func better(a, b []float64) []float64 {
	if a == nil || !(a[len(a)-1] <= b[len(b)-1]) {
		return b
	}
	return a
}

// descend is SGD on the loss of the points that stay, with the best constant or
// falling rate.
func (p *regression) descend(ctx context.Context, seed uint64, steps []int) ([]float64, error) {
	const retained = convexPoints - convexForget
	var best []float64
	for _, r := range rates {
		for _, falls := range []bool{false, true} {
			rng := random.New(seed, 5903)
			m := p.model()
			m.decay = 2 * convexRidge / retained
			var out []float64
			x, y := make([]float32, 0, convexBatch*convexDim), make([]float32, 0, convexBatch)
			for t := 1; t <= steps[len(steps)-1]; t++ {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				x, y = x[:0], y[:0]
				for range convexBatch {
					i := convexForget + rng.IntN(retained)
					for _, v := range p.x.RawRowView(i) {
						x = append(x, float32(v))
					}
					y = append(y, float32(p.y[i]))
				}
				lr := r / p.sharp
				if falls {
					lr /= 1 + float64(t)/100
				}
				err := m.Step(x, lr, func(z []float32) {
					for i := range z {
						z[i] = 2 * (z[i] - y[i]) / convexBatch
					}
				})
				if err != nil {
					return nil, err
				}
				if len(out) < len(steps) && t == steps[len(out)] {
					out = append(out, p.left(m))
				}
			}
			best = better(best, out)
		}
	}
	return best, nil
}

func runConvex(ctx context.Context, r *lab.Run) error {
	for _, seed := range r.Seeds(5) {
		p, err := newRegression(random.New(seed, 5902))
		if err != nil {
			return err
		}
		match, err := p.match(ctx, seed, convexSteps[:convexFew], 0)
		if err != nil {
			return err
		}
		sgd, err := p.descend(ctx, seed, convexSteps)
		if err != nil {
			return err
		}
		eta, rho, err := p.proof()
		if err != nil {
			return err
		}
		proved, err := p.match(ctx, seed, convexSteps[:convexFew], eta)
		if err != nil {
			return err
		}
		for i, v := range match {
			r.Metric(metricDistance(convexSteps[i]), variantMatch, seed, v, "")
		}
		for i, v := range sgd {
			r.Metric(metricDistance(convexSteps[i]), variantSGD, seed, v, "")
		}
		bound := 0.
		for _, steps := range convexSteps[:convexFew] {
			bound = math.Pow(rho, float64(steps))
			r.Metric(metricDistance(steps), variantProof, seed, bound, "")
		}
		r.Metric(metricProof, variantMatch, seed, proved[convexFew-1]/bound, "")
	}
	r.AtMost("convex: distance left by oracle matching, 100 steps", r.Mean(metricDistance(100), variantMatch), 1e-5)
	r.AtLeast("convex: distance left by SGD, 2,000 steps", r.Mean(metricDistance(2000), variantSGD), 5e-3)
	r.AtMost(metricProof, r.Mean(metricProof, variantMatch), 1)

	p := plot.Plot{
		Name: "convex", Title: "A ridge regression forgets: how far from the solution without the points",
		X: plot.Axis{Label: "steps", Log: true}, Y: plot.Axis{Label: "squared distance left", Log: true},
	}
	x, names := make([]float64, len(convexSteps)), make([]string, len(convexSteps))
	for i, s := range convexSteps {
		x[i], names[i] = float64(s), metricDistance(s)
	}
	for _, v := range []string{variantMatch, variantProof, variantSGD} {
		s := r.Series(v, x, names)
		s.Method = v == variantMatch
		p.Lines = append(p.Lines, s)
	}
	r.Plot(p)
	return nil
}
