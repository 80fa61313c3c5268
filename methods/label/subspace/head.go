package subspace

import (
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/vector"
)

// head is the linear map to the embedding, whose coordinates belong to learners.
// It is small, and learns by rows, which a graph would do by masks.
type head struct {
	width, dim int
	w          []float32 // [dim x (width+1)], the bias last
	learners   [][]int   // coordinates of each
	rows       *adam.Rows
}

func newHead(width, dim int, rng *rand.Rand) (*head, error) {
	h := &head{width: width, dim: dim, w: make([]float32, dim*(width+1))}
	var err error
	if h.rows, err = adam.NewRows(h.w, width+1, 0); err != nil {
		return nil, err
	}
	all := make([]int, dim)
	for j := range all {
		all[j] = j
	}
	h.learners = [][]int{all}
	h.renew(all, rng)
	return h, nil
}

// divide gives k learners equal shares of the coordinates.
func (h *head) divide(k int) {
	h.learners = make([][]int, k)
	for j := range h.dim {
		c := j * k / h.dim
		h.learners[c] = append(h.learners[c], j)
	}
}

// renew draws the rows of some coordinates anew: Xavier-normal weights, uniform
// biases.
func (h *head) renew(coords []int, rng *rand.Rand) {
	sd := math.Sqrt(2 / float64(h.width+len(coords)))
	bound := 1 / math.Sqrt(float64(h.width))
	for _, j := range coords {
		row := h.row(j)
		for i := range h.width {
			row[i] = float32(rng.NormFloat64() * sd)
		}
		row[h.width] = float32(bound * (2*rng.Float64() - 1))
		h.rows.Reset(int32(j))
	}
}

func (h *head) row(j int) []float32 { return h.w[j*(h.width+1) : (j+1)*(h.width+1)] }

// split seals the last learner with some of its coordinates, and makes a new one
// of the rest, which starts anew.
func (h *head) split(seal, rest []int, rng *rand.Rand) {
	last := len(h.learners) - 1
	h.learners = append(h.learners[:last:last], seal, rest)
	h.renew(rest, rng)
}

// forward returns the values of some coordinates for features v [n x width], as
// unit vectors z/|z| with their lengths |z|.
func (h *head) forward(v []float32, coords []int) (unit, length []float64) {
	n := len(v) / h.width
	unit, length = make([]float64, n*len(coords)), make([]float64, n)
	for i := range n {
		x := v[i*h.width : (i+1)*h.width]
		u := unit[i*len(coords) : (i+1)*len(coords)]
		square := 0.
		for k, j := range coords {
			row := h.row(j)
			z := float64(row[h.width]) + float64(vector.Dot(x, row[:h.width]))
			u[k] = z
			square += z * z
		}
		length[i] = math.Sqrt(square + 1e-24)
		for k := range u {
			u[k] /= length[i]
		}
	}
	return unit, length
}

// backward adds the gradients for du, by the unit vectors of forward, to those of
// the coordinates' rows and to dv [n x width].
func (h *head) backward(v []float32, coords []int, unit, length, du []float64, dv []float32) {
	grad := make([]float32, h.width+1)
	dz := make([]float64, len(du))
	for i, l := range length {
		lo, hi := i*len(coords), (i+1)*len(coords)
		tangent(dz[lo:hi], unit[lo:hi], du[lo:hi])
		for k := lo; k < hi; k++ {
			dz[k] /= l
		}
	}
	for k, j := range coords {
		clear(grad)
		row := h.row(j)
		for i := range length {
			d := float32(dz[i*len(coords)+k])
			if d == 0 {
				continue
			}
			vector.AddScaled(grad, d, v[i*h.width:(i+1)*h.width])
			vector.AddScaled(dv[i*h.width:], d, row[:h.width])
			grad[h.width] += d
		}
		h.rows.Add(int32(j), 1, grad)
	}
}

// tangent sets dst to the part of d that is at right angles to the unit vector u.
func tangent(dst, u, d []float64) {
	dot := 0.
	for k := range u {
		dot += u[k] * d[k]
	}
	for k := range u {
		dst[k] = d[k] - dot*u[k]
	}
}
