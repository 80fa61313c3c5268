package unified

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Collisions are the mean numbers of others that a look-up of a feature shares
// its row with: look-ups of other values of the same feature (Within), and of
// other features (Between).
type Collisions struct{ Within, Between float64 }

// Expected returns each feature's expected collisions when feature t has
// vocab[t] values and all hash into all rows: every one of the other look-ups
// is in the same row with probability 1/Rows. Separate tables have none between
// features, and as many in total: only the harmful kind falls by sharing.
func (c Config) Expected(vocab []int) ([]Collisions, error) {
	if len(vocab) != len(c.Features) {
		return nil, fmt.Errorf("unified: %d vocabularies for %d features", len(vocab), len(c.Features))
	}
	all := 0
	for t, n := range vocab {
		all += n * max(1, c.Features[t].Probes)
	}
	out := make([]Collisions, len(vocab))
	for t, n := range vocab {
		probes := max(1, c.Features[t].Probes)
		out[t].Within = float64((n-1)*probes) / float64(c.Rows)
		out[t].Between = float64(all-n*probes) / float64(c.Rows)
	}
	return out, nil
}

// Collisions counts those of the features' values, all different within a
// feature. Probes of one value that meet are not counted.
func (t *Table) Collisions(values [][]uint64) ([]Collisions, error) {
	if len(values) != len(t.Features) {
		return nil, fmt.Errorf("unified: %d vocabularies for %d features", len(values), len(t.Features))
	}
	total := make([]int, t.Rows)      // look-ups by row
	own := make([][]int, len(values)) // likewise, of each feature
	var rows []int32
	for f, vs := range values {
		own[f] = make([]int, t.Rows)
		for _, v := range vs {
			rows = t.Where(f, v, rows[:0])
			for _, r := range rows {
				total[r]++
				own[f][r]++
			}
		}
	}
	out := make([]Collisions, len(values))
	for f, vs := range values {
		for _, v := range vs {
			rows = t.Where(f, v, rows[:0])
			for _, r := range rows {
				self := 0
				for _, s := range rows {
					if s == r {
						self++
					}
				}
				out[f].Within += float64(own[f][r] - self)
				out[f].Between += float64(total[r] - own[f][r])
			}
		}
		n := float64(len(vs) * t.Features[f].Probes)
		out[f].Within /= n
		out[f].Between /= n
	}
	return out, nil
}

// Cosines returns |cos| between the weights that a layer has for each pair of
// blocks of dim inputs, as the mean over the layer's units; 1 on the diagonal.
// w is [units x blocks*dim]. Blocks of random weights have sqrt(2/(pi dim)) on
// average.
func Cosines(w mat.Matrix, dim int) (*mat.SymDense, error) {
	units, cols := w.Dims()
	if dim < 1 || cols%dim != 0 {
		return nil, fmt.Errorf("unified: %d inputs are not blocks of %d", cols, dim)
	}
	blocks := cols / dim
	out := mat.NewSymDense(blocks, nil)
	dot := func(u, s, t int) float64 {
		sum := 0.0
		for j := range dim {
			sum += w.At(u, s*dim+j) * w.At(u, t*dim+j)
		}
		return sum
	}
	for s := range blocks {
		out.SetSym(s, s, 1)
		for t := range s {
			sum := 0.0
			for u := range units {
				if n := math.Sqrt(dot(u, s, s) * dot(u, t, t)); n > 0 {
					sum += math.Abs(dot(u, s, t)) / n
				}
			}
			out.SetSym(s, t, sum/float64(units))
		}
	}
	return out, nil
}
