// Package subspace learns a metric with several learners, each of which has some
// coordinates of an embedding and a cluster of the data, and finds out while
// training how many it takes.
//
// The paper is "Attention-based Dynamic Subspace Learners for Medical Image
// Analysis" (2022, arXiv:2206.09068). When the clustering of the data stops
// getting better, the coordinates of the newest learner that matter are sealed as a
// finished learner, and the others begin a new one. An attention map on the
// features shows where the embedding looks.
//
// For features v [n x width] of a backbone,
//
//	z = W v + b,   u_L = z_L / |z_L| for the coordinates L of a learner,
//	e = (u_1, ..., u_K) / sqrt(K).                                            (1)
//
// In a batch of a learner's cluster, with distances D_ij = sqrt(|u_i - u_j|^2 +
// 1e-8), positives all ordered pairs of one class, and negatives for each example
// its m nearest of other classes with D >= .5, where m is the number of positive
// pairs for each example, rounded down, but at least 1:
//
//	loss = [sum_pos relu(D - beta + alpha) + sum_neg relu(beta - D + alpha)]
//	       / number of terms that are not 0,                                  (2)
//
// which moves the backbone and the learner's rows of W and b. In an epoch
//
//	s_j = |mean over samples of u_j dloss/du_j|                               (3)
//
// is how much coordinate j matters. If the quality (NMI of k-means with the
// classes) has had no new best for some epochs, the coordinates of the last learner
// with
//
//	(s_j - min s) / (max s - min s) > 1/2                                     (4)
//
// are sealed, the rows of the rest are drawn anew for the next learner, and there
// is no other split until the quality has a new best. Every two epochs k-means of
// the features' directions shares the examples out among the learners. The last
// epochs train the whole embedding on all data.
//
// Differences from the paper's code: it takes the quality on the data that it is
// evaluated on, which here is the training set; it copies sealed rows over others
// that have not been read yet, where here nothing moves; the optimiser's moments of
// rows that are drawn anew are forgotten, and rows without a gradient rest.
package subspace

import (
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/vector"
)

// Embed returns the embeddings of inputs x, equation (1): unit vectors row by row
// [n x dim].
func (m *Model) Embed(x []float32) ([]float32, error) {
	in, width := m.backbone.Shape()
	if len(x)%in != 0 {
		return nil, fmt.Errorf("subspace: %d values are not rows of %d", len(x), in)
	}
	v, err := m.backbone.Features(x)
	if err != nil {
		return nil, err
	}
	e := make([]float32, len(v)/width*m.head.dim)
	scale := 1 / math.Sqrt(float64(len(m.head.learners)))
	for _, l := range m.head.learners {
		unit, _ := m.head.forward(v, l)
		for i, u := range unit {
			e[i/len(l)*m.head.dim+l[i%len(l)]] = float32(u * scale)
		}
	}
	return e, nil
}

// Learners returns the coordinates of each learner, the oldest first.
func (m *Model) Learners() [][]int {
	out := make([][]int, len(m.head.learners))
	for k, l := range m.head.learners {
		out[k] = slices.Clone(l)
	}
	return out
}

// RecallAt is the share of the unit vectors e [n x dim] that have one of their own
// class among the k others that are nearest.
func RecallAt(e []float32, dim int, labels []int, k int) (float64, error) {
	n := len(labels)
	if dim < 1 || len(e) != n*dim || k < 1 || k >= n {
		return 0, fmt.Errorf("subspace: %d values are not %d rows of %d, or too few for %d neighbours", len(e), n, dim, k)
	}
	found := 0
	score := make([]float32, n)
	for i := range n {
		for j := range n {
			score[j] = vector.Dot(e[i*dim:(i+1)*dim], e[j*dim:(j+1)*dim])
		}
		near := eval.Top(score, k, func(j int) bool { return j == i })
		if slices.ContainsFunc(near, func(j int) bool { return labels[j] == labels[i] }) {
			found++
		}
	}
	return float64(found) / float64(n), nil
}
