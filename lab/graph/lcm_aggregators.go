package graph

import (
	"math"

	"github.com/offprint/offprint/methods/graph/lcm"
)

// aggregator turns the elements [all x d] of sets into one row a set.
type aggregator struct {
	name  string
	width int      // columns of the result, in d
	cell  *lcm.GRU // its weights, or nil
	fold  func(x []float32, d int, sizes []int) ([]float32, lcm.Back, error)
}

// The aggregators without weights.
func fixedAggregators() []aggregator {
	return []aggregator{plain("sum", 1, sum), plain("mean", 1, mean), plain("max", 1, maximum), plain("PNA", 12, pna)}
}

// reduce aggregates the n elements x [n x d] of one set into y, and returns the way
// back, which adds to dx.
type reduce func(y, x []float32, n int) (back func(dx, dy []float32))

// plain goes through the sets with a reduction to so many times d columns.
func plain(name string, width int, f reduce) aggregator {
	return aggregator{name, width, nil, func(x []float32, d int, sizes []int) ([]float32, lcm.Back, error) {
		w := width * d
		out, backs := make([]float32, len(sizes)*w), make([]func(dx, dy []float32), len(sizes))
		at := 0
		for s, n := range sizes {
			backs[s] = f(out[s*w:(s+1)*w], x[at*d:(at+n)*d], n)
			at += n
		}
		return out, func(dout []float32) []float32 {
			dx := make([]float32, len(x))
			at := 0
			for s, n := range sizes {
				backs[s](dx[at*d:(at+n)*d], dout[s*w:(s+1)*w])
				at += n
			}
			return dx
		}, nil
	}}
}

func sum(y, x []float32, n int) func(dx, dy []float32) { return scaledSum(y, x, n, 1) }

func mean(y, x []float32, n int) func(dx, dy []float32) {
	return scaledSum(y, x, n, 1/float32(n))
}

func scaledSum(y, x []float32, n int, scale float32) func(dx, dy []float32) {
	d := len(y)
	for i := range n {
		for j := range y {
			y[j] += scale * x[i*d+j]
		}
	}
	return func(dx, dy []float32) {
		for i := range n {
			for j, v := range dy {
				dx[i*d+j] += scale * v
			}
		}
	}
}

func maximum(y, x []float32, n int) func(dx, dy []float32) {
	return extreme(y, x, n, func(a, b float32) bool { return a > b })
}

func minimum(y, x []float32, n int) func(dx, dy []float32) {
	return extreme(y, x, n, func(a, b float32) bool { return a < b })
}

func extreme(y, x []float32, n int, beyond func(a, b float32) bool) func(dx, dy []float32) {
	d := len(y)
	from := make([]int, d)
	copy(y, x[:d])
	for i := 1; i < n; i++ {
		for j := range y {
			if v := x[i*d+j]; beyond(v, y[j]) {
				y[j], from[j] = v, i
			}
		}
	}
	return func(dx, dy []float32) {
		for j, i := range from {
			dx[i*d+j] += dy[j]
		}
	}
}

// deviation is the standard deviation of each column.
func deviation(y, x []float32, n int) func(dx, dy []float32) {
	d := len(y)
	m := make([]float32, d)
	mean(m, x, n)
	for j := range y {
		v := 1e-5
		for i := range n {
			e := float64(x[i*d+j] - m[j])
			v += e * e / float64(n)
		}
		y[j] = float32(math.Sqrt(v))
	}
	return func(dx, dy []float32) {
		for i := range n {
			for j, v := range dy {
				dx[i*d+j] += v * (x[i*d+j] - m[j]) / (y[j] * float32(n))
			}
		}
	}
}

// pnaDelta is the mean of log(n + 1) over the sizes of training, 2 to 16.
var pnaDelta = func() float64 {
	total := 0.
	for n := lcmLeast; n <= lcmMost; n++ {
		total += math.Log(float64(n + 1))
	}
	return total / (lcmMost - lcmLeast + 1)
}()

// pna is Principal Neighbourhood Aggregation (Corso and others, 2020,
// arXiv:2004.05718): mean, largest, smallest and deviation, each as it is, and
// scaled up and down by the logarithm of the size.
func pna(y, x []float32, n int) func(dx, dy []float32) {
	d := len(y) / 12
	parts := []reduce{mean, maximum, minimum, deviation}
	scale := math.Log(float64(n+1)) / pnaDelta
	scales := []float32{1, float32(scale), float32(1 / scale)}
	backs := make([]func(dx, dy []float32), len(parts))
	for p, f := range parts {
		part := make([]float32, d)
		backs[p] = f(part, x, n)
		for s, c := range scales {
			for j, v := range part {
				y[(3*p+s)*d+j] = c * v
			}
		}
	}
	return func(dx, dy []float32) {
		for p, back := range backs {
			part := make([]float32, d)
			for s, c := range scales {
				for j := range part {
					part[j] += c * dy[(3*p+s)*d+j]
				}
			}
			back(dx, part)
		}
	}
}
