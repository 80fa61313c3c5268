package align

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Information returns the mutual information of each unit of a [n x s1] with each
// of b [n x s2], in nats, as another table to match by: it sees relations that
// are not linear. Values fall in bins of equal counts, 10 in the paper; the zeros
// of a rectified unit have a bin of their own. The bias of counting cells, (K_i -
// 1)(K_j - 1) / 2n for K bins that hold anything, is taken off (Miller, 1955),
// down to 0 at most.
func Information(a, b *mat.Dense, bins int) (*mat.Dense, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	if bins < 2 {
		return nil, fmt.Errorf("align: mutual information of %d bins", bins)
	}
	n, s1 := a.Dims()
	_, s2 := b.Dims()
	binA, binB := binned(a, bins), binned(b, bins)
	out := mat.NewDense(s1, s2, nil)
	for i, x := range binA {
		for j, y := range binB {
			joint := make([]float64, x.n*y.n)
			for k, xi := range x.of {
				joint[xi*y.n+y.of[k]]++
			}
			info := entropy(x.count, n) + entropy(y.count, n) - entropy(joint, n)
			out.Set(i, j, max(0, info-float64((x.n-1)*(y.n-1))/float64(2*n)))
		}
	}
	return out, nil
}

// entropy is that of the distribution with these counts of n, in nats.
func entropy(count []float64, n int) float64 {
	h := 0.
	for _, c := range count {
		if c > 0 {
			p := c / float64(n)
			h -= p * math.Log(p)
		}
	}
	return h
}

// bin is a unit whose values are replaced by the numbers of bins.
type bin struct {
	n     int
	of    []int // of each input
	count []float64
}

// binned sorts the values of each unit into bins of equal counts, with one for
// exact zeros if there are any. Equal values share a bin, and empty ones go.
func binned(a *mat.Dense, bins int) []bin {
	n, s := a.Dims()
	out := make([]bin, s)
	order := make([]int, n)
	for j := range out {
		b := bin{of: make([]int, n)}
		values := mat.Col(nil, j, a)
		rest := order[:0]
		for i, v := range values {
			if v != 0 {
				rest = append(rest, i)
			}
		}
		k := bins
		if len(rest) < n {
			b.n, b.count = 1, []float64{float64(n - len(rest))}
			k--
		}
		slices.SortFunc(rest, func(x, y int) int {
			return cmp.Or(cmp.Compare(values[x], values[y]), cmp.Compare(x, y))
		})
		last := -1 // the quantile of the bin that is being filled
		for r, i := range rest {
			q := r * k / len(rest)
			if q != last && (r == 0 || values[i] != values[rest[r-1]]) {
				last = q
				b.n, b.count = b.n+1, append(b.count, 0)
			}
			b.of[i] = b.n - 1
			b.count[b.n-1]++
		}
		out[j] = b
	}
	return out
}
