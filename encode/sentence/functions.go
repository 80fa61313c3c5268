package sentence

import "math"

// exp(x) is 2^n exp(r) with x = n ln 2 + r, and a polynomial (Cephes) for exp(r).
const (
	leastExp = -87 // below it the result would not be a normal number
	log2e    = 1 / math.Ln2
	ln2High  = 355. / 512
	ln2Low   = -2.12194440e-4
	exp0     = 1.9875691500e-4
	exp1     = 1.3981999507e-3
	exp2     = 8.3334519073e-3
	exp3     = 4.1665795894e-2
	exp4     = 1.6666665459e-1
	exp5     = 5.0000001201e-1
)

// exp is e^x for x of 0 or less, or a little more, to one part in a million.
// math.Exp would take half the time of a whole encoding.
func exp(x float32) float32 {
	x = max(x, leastExp)
	n := float32(math.RoundToEven(float64(x * log2e)))
	r := x - n*ln2High - n*ln2Low
	p := ((((((exp0*r+exp1)*r+exp2)*r+exp3)*r+exp4)*r+exp5)*r+1)*r + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

// softmaxPlain sets the values to their exponentials, scaled to the sum 1.
func softmaxPlain(x []float32) {
	top := x[0]
	for _, v := range x {
		if v > top {
			top = v
		}
	}
	sum := float32(0)
	for i, v := range x {
		x[i] = exp(v - top)
		sum += x[i]
	}
	scale := 1 / sum
	for i := range x {
		x[i] *= scale
	}
}

// erf(x) is x P(x^2) / Q(x^2) within [-4, 4], and 1 or -1 to a float32 elsewhere:
// the rational function that Eigen and XLA use.
var (
	erfAbove = [...]float32{-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02}
	erfBelow = [...]float32{-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02}
)

const rootHalf = math.Sqrt2 / 2

// geluPlain sets each x to x (1 + erf(x / sqrt 2)) / 2.
func geluPlain(x []float32) {
	for i, v := range x {
		z := min(max(v*rootHalf, -4), 4)
		q := z * z
		p, d := erfAbove[0], erfBelow[0]
		for _, c := range erfAbove[1:] {
			p = p*q + c
		}
		for _, c := range erfBelow[1:] {
			d = d*q + c
		}
		h := v * .5
		x[i] = h + h*(z*p/d)
	}
}

// geluTanh sets each x to x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.
func geluTanh(x []float32) {
	for i, v := range x {
		z := 2 * float32(math.Sqrt(2/math.Pi)) * (v + .044715*v*v*v)
		e := exp(-max(z, -z)) // of the larger of the two sides, 1 / (1 + e)
		if z >= 0 {
			x[i] = v / (1 + e)
		} else {
			x[i] = v * e / (1 + e)
		}
	}
}

func relu(x []float32) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}

func tanh(x []float32) {
	for i, v := range x {
		x[i] = float32(math.Tanh(float64(v)))
	}
}

func identity([]float32) {}

// layerNorm scales vectors to the mean 0 and the variance 1, and then each
// coordinate.
type layerNorm struct {
	scale, shift []float32
	eps          float32
}

// add sets each row of x to the norm of its sum with that of y.
func (l layerNorm) add(x, y []float32) {
	dim := len(l.scale)
	for i := 0; i+dim <= len(x); i += dim {
		row := x[i : i+dim]
		sum := float32(0)
		for k, v := range y[i : i+dim] {
			row[k] += v
			sum += row[k]
		}
		l.apply(row, sum/float32(dim))
	}
}

// apply is for one vector, with its mean.
func (l layerNorm) apply(x []float32, mean float32) {
	square := float32(0)
	for k, v := range x {
		v -= mean
		x[k] = v
		square += v * v
	}
	s := 1 / float32(math.Sqrt(float64(square/float32(len(x))+l.eps)))
	for k, v := range x {
		x[k] = v*s*l.scale[k] + l.shift[k]
	}
}
