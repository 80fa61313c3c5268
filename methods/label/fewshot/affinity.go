package fewshot

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/sparse"
)

// KNNAffinity links each point of x [N x D] to its k nearest others: W is the
// mean of that 0/1 matrix and its transpose. There must be more than k points.
func KNNAffinity(x *mat.Dense, k int) (*sparse.Matrix, error) {
	near, err := neighbours(x, k)
	if err != nil {
		return nil, err
	}
	var entries []sparse.Entry
	for i, row := range near {
		for _, q := range row {
			entries = append(entries,
				sparse.Entry{Row: int32(i), Col: int32(q.at), Val: .5},
				sparse.Entry{Row: int32(q.at), Col: int32(i), Val: .5})
		}
	}
	return sparse.New(len(near), len(near), entries)
}

// Bandwidth is the usual width of the modes' kernel: the root of the mean squared
// distance of a point to its 5 nearest others. Points that all coincide are an
// error.
func Bandwidth(x *mat.Dense) (float64, error) {
	n, _ := x.Dims()
	near, err := neighbours(x, min(5, n-1))
	if err != nil {
		return 0, err
	}
	sum, count := 0., 0
	for _, row := range near {
		for _, q := range row {
			sum += q.dist
			count++
		}
	}
	if sum == 0 {
		return 0, fmt.Errorf("fewshot: %d points have no distance to their neighbours", n)
	}
	return math.Sqrt(sum / float64(count)), nil
}

// neighbour is another point and the squared distance to it.
type neighbour struct {
	at   int
	dist float64
}

// neighbours returns each point's k nearest others, the nearest first, and of
// equals the one that comes first.
func neighbours(x *mat.Dense, k int) ([][]neighbour, error) {
	n, _ := x.Dims()
	if k < 1 || k >= n {
		return nil, fmt.Errorf("fewshot: %d neighbours among %d points", k, n)
	}
	order := func(a, b neighbour) int { return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(a.at, b.at)) }
	near := make([][]neighbour, n)
	for i := range near {
		best := make([]neighbour, 0, k+1)
		for j := range n {
			if j == i {
				continue
			}
			q := neighbour{j, squared(x.RawRowView(i), x.RawRowView(j))}
			if len(best) == k && order(q, best[k-1]) > 0 {
				continue
			}
			at, _ := slices.BinarySearchFunc(best, q, order)
			best = slices.Insert(best, at, q)
			best = best[:min(k, len(best))]
		}
		near[i] = best
	}
	return near, nil
}

// largestRow is the largest sum of a row of w: w + that times I is positive
// semi-definite.
func largestRow(w *sparse.Matrix) float64 {
	largest := 0.
	for i := range w.Rows {
		_, vals := w.Row(i)
		sum := 0.
		for _, v := range vals {
			sum += float64(v)
		}
		largest = max(largest, sum)
	}
	return largest
}
