package vecstore

import (
	"math"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/vector"
)

// batchNorm brings each column to mean 0 and deviation 1 over a batch, then to
// gamma and beta, which it learns.
type batchNorm struct {
	mean, variance []float32 // running
	gamma, beta    *denseParameters
}

const (
	normEpsilon  = 1e-5
	normMomentum = .1 // share of a batch in the running values
)

func newBatchNorm(s Spec, width int) (*batchNorm, error) {
	gamma, err := newDense(s, width)
	if err != nil {
		return nil, err
	}
	beta, err := newDense(s, width)
	if err != nil {
		return nil, err
	}
	n := &batchNorm{mean: make([]float32, width), variance: make([]float32, width), gamma: gamma, beta: beta}
	for j := range width {
		n.variance[j], gamma.p[j] = 1, 1
	}
	return n, nil
}

// follow moves the running values towards those of a batch.
func (b *batchNorm) follow(mean, variance []float32) {
	for j := range mean {
		b.mean[j] += normMomentum * (mean[j] - b.mean[j])
		b.variance[j] += normMomentum * (variance[j] - b.variance[j])
	}
}

// affine returns gamma x + beta.
func (b *batchNorm) affine(xhat []float32) []float32 {
	out := make([]float32, len(xhat))
	w := len(b.mean)
	for i := 0; i < len(out); i += w {
		x, y := xhat[i:i+w], out[i:i+w]
		for j := range y {
			y[j] = b.gamma.p[j]*x[j] + b.beta.p[j]
		}
	}
	return out
}

// backAffine turns the gradient g of affine's result into that of its argument,
// and adds those of gamma and beta.
func (b *batchNorm) backAffine(g, xhat []float32) {
	w := len(b.mean)
	for i := 0; i < len(g); i += w {
		x, d := xhat[i:i+w], g[i:i+w]
		for j, v := range d {
			b.gamma.g[j] += v * x[j]
			b.beta.g[j] += v
			d[j] = v * b.gamma.p[j]
		}
	}
}

// foldInto makes the norm, with its running values, a part of the layer before
// it.
func (b *batchNorm) foldInto(l *mlp.Layer) {
	for j := range b.mean {
		f := b.gamma.p[j] / float32(math.Sqrt(float64(b.variance[j])+normEpsilon))
		for i := range l.In {
			l.W[i*l.Out+j] *= f
		}
		l.B[j] = (l.B[j]-b.mean[j])*f + b.beta.p[j]
	}
}

// moments are the means and variances of the columns of x.
func moments(x []float32, width int) (mean, variance []float32) {
	mean, variance = make([]float32, width), make([]float32, width)
	n := float32(len(x) / width)
	for i := 0; i < len(x); i += width {
		vector.AddScaled(mean, 1/n, x[i:i+width])
	}
	for i := 0; i < len(x); i += width {
		for j, v := range x[i : i+width] {
			d := v - mean[j]
			variance[j] += d * d / n
		}
	}
	return mean, variance
}

// standardise brings the columns of x to mean 0 and deviation 1 and returns the
// inverse deviations.
func standardise(x, mean, variance []float32) []float32 {
	inv := make([]float32, len(mean))
	for j, v := range variance {
		inv[j] = float32(1 / math.Sqrt(float64(v)+normEpsilon))
	}
	for i := 0; i < len(x); i += len(inv) {
		row := x[i : i+len(inv)]
		for j := range row {
			row[j] = (row[j] - mean[j]) * inv[j]
		}
	}
	return inv
}

// backNormalise turns the gradient g of the normalised values xhat into that of
// the values before:
//
//	g = (g - mean g - xhat mean(g xhat)) / deviation.
func backNormalise(g, xhat, inv []float32) {
	w := len(inv)
	sum, dot := make([]float32, w), make([]float32, w)
	n := float32(len(g) / w)
	for i := 0; i < len(g); i += w {
		x := xhat[i : i+w]
		for j, v := range g[i : i+w] {
			sum[j] += v / n
			dot[j] += v * x[j] / n
		}
	}
	for i := 0; i < len(g); i += w {
		x, d := xhat[i:i+w], g[i:i+w]
		for j := range d {
			d[j] = (d[j] - sum[j] - x[j]*dot[j]) * inv[j]
		}
	}
}
