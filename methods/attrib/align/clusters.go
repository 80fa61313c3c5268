package align

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/random"
)

// JointClusters groups the units of a [n x s1] and b [n x s2] together into k
// clusters, equation 5, and returns the cluster of each; dead units have -1. A
// cluster with units of both is a subspace that both have learned. The best of 10
// runs of k-means is taken.
func JointClusters(ctx context.Context, a, b *mat.Dense, k int, seed uint64) (labelA, labelB []int, err error) {
	if err := check(a, b); err != nil {
		return nil, nil, err
	}
	n, s1 := a.Dims()
	_, s2 := b.Dims()
	joint := mat.NewDense(n, s1+s2, nil)
	joint.Slice(0, n, 0, s1).(*mat.Dense).Copy(a)
	joint.Slice(0, n, s1, s1+s2).(*mat.Dense).Copy(b)
	std := standardise(joint)
	var live []int
	for j, sd := range std.sd {
		if sd > 0 {
			live = append(live, j)
		}
	}
	if k < 1 || k > len(live) {
		return nil, nil, fmt.Errorf("align: %d clusters of %d live units", k, len(live))
	}
	x, err := embedding(correlate(std, std), live, k)
	if err != nil {
		return nil, nil, err
	}
	var best *cluster.KMeans
	for run := range uint64(10) {
		m, err := cluster.Fit(ctx, x, k, k, 100, random.New(seed, run))
		if err != nil {
			return nil, nil, err
		}
		if best == nil || m.Inertia < best.Inertia {
			best = m
		}
	}
	labels := make([]int, s1+s2)
	for j := range labels {
		labels[j] = -1
	}
	for i, j := range live {
		labels[j] = int(best.Assign[i])
	}
	return labels[:s1:s1], labels[s1:], nil
}

// embedding returns the rows of the k leading eigenvectors of the normalised
// affinity of the live units, of length 1.
func embedding(c *mat.Dense, live []int, k int) ([]float32, error) {
	n := len(live)
	w, degree := mat.NewSymDense(n, nil), make([]float64, n)
	for i, p := range live {
		for j, q := range live {
			if i != j {
				degree[i] += math.Abs(c.At(p, q))
			}
		}
	}
	for i, p := range live {
		for j := range i {
			if d := degree[i] * degree[j]; d > 0 {
				w.SetSym(i, j, math.Abs(c.At(p, live[j]))/math.Sqrt(d))
			}
		}
	}
	var e mat.EigenSym
	if !e.Factorize(w, true) {
		return nil, fmt.Errorf("align: no eigenvectors of %d units", n)
	}
	var v mat.Dense
	e.VectorsTo(&v) // eigenvalues ascend
	x := make([]float32, n*k)
	for i := range n {
		length := 0.
		for j := range k {
			length += v.At(i, n-1-j) * v.At(i, n-1-j)
		}
		length = math.Sqrt(length)
		for j := range k {
			if length > 0 {
				x[i*k+j] = float32(v.At(i, n-1-j) / length)
			}
		}
	}
	return x, nil
}

// Mixture tells of clusters, by the labels of [JointClusters], which share has
// units of both networks, and the mean of |nA - nB| / (nA + nB): 0 if all are
// half and half, 1 if none is shared.
func Mixture(labelA, labelB []int) (shared, imbalance float64) {
	var counts [][2]int
	for side, labels := range [][]int{labelA, labelB} {
		for _, l := range labels {
			for l >= len(counts) {
				counts = append(counts, [2]int{})
			}
			if l >= 0 {
				counts[l][side]++
			}
		}
	}
	n := 0.
	for _, c := range counts {
		if c[0]+c[1] == 0 {
			continue
		}
		n++
		if c[0] > 0 && c[1] > 0 {
			shared++
		}
		imbalance += math.Abs(float64(c[0]-c[1])) / float64(c[0]+c[1])
	}
	return shared / n, imbalance / n
}
