package unlearn

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Margins returns m = z_c - log sum_{j != c} e^{z_j} for each row of logits [n x
// classes], where c is its label.
func Margins(logits []float32, labels []int) ([]float64, error) {
	if len(labels) == 0 || len(logits)%len(labels) != 0 || len(logits)/len(labels) < 2 {
		return nil, fmt.Errorf("unlearn: %d logits of %d examples", len(logits), len(labels))
	}
	classes := len(logits) / len(labels)
	out := make([]float64, len(labels))
	for i, c := range labels {
		if c < 0 || c >= classes {
			return nil, fmt.Errorf("unlearn: label %d of %d classes", c, classes)
		}
		z := logits[i*classes : (i+1)*classes]
		top := math.Inf(-1)
		for k, v := range z {
			if k != c {
				top = max(top, float64(v))
			}
		}
		sum := 0.
		for k, v := range z {
			if k != c {
				sum += math.Exp(float64(v) - top)
			}
		}
		out[i] = float64(z[c]) - top - math.Log(sum)
	}
	return out, nil
}

// What KLoM takes of the authors' measure.
const (
	Bins   = 20   // of a histogram, from the least margin of both to the largest
	limit  = 100  // margins are cut there
	atBest = 1e-5 // the least that a bin of Q has where P has any
)

// KLoM returns equation 3 for each point, from the margins [models x points] of
// unlearned and of retrained models, with histograms of so many bins. Two sets of
// retrained models have a KLoM above 0, the less the more models there are: what
// is near that is as good as retraining.
func KLoM(unlearned, retrained *mat.Dense, bins int) ([]float64, error) {
	_, n := unlearned.Dims()
	if _, m := retrained.Dims(); m != n || bins < 1 {
		return nil, fmt.Errorf("unlearn: margins of %d points and of %d in %d bins", n, m, bins)
	}
	out := make([]float64, n)
	for x := range n {
		p, q := mat.Col(nil, x, unlearned), mat.Col(nil, x, retrained)
		for _, v := range [][]float64{p, q} {
			for i := range v {
				if math.IsNaN(v[i]) {
					return nil, fmt.Errorf("unlearn: the margin of model %d at point %d is NaN", i, x)
				}
				v[i] = min(limit, max(-limit, v[i]))
			}
		}
		lo, hi := min(slices.Min(p), slices.Min(q)), max(slices.Max(p), slices.Max(q))
		hp, hq := histogram(p, lo, hi, bins), histogram(q, lo, hi, bins)
		for b, v := range hp {
			if v > 0 {
				out[x] += v * math.Log(v/max(hq[b], atBest))
			}
		}
	}
	return out, nil
}

// histogram returns the shares of values in equal bins from lo to hi.
func histogram(values []float64, lo, hi float64, bins int) []float64 {
	h := make([]float64, bins)
	for _, v := range values {
		b := 0
		if hi > lo {
			b = min(bins-1, int(float64(bins)*(v-lo)/(hi-lo)))
		}
		h[b] += 1 / float64(len(values))
	}
	return h
}
