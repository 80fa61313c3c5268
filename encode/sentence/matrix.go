package sentence

import "github.com/offprint/offprint/methods/vector"

// panel is the number of columns of a weight matrix that lie together.
const panel = 32

// matrix is a matrix W [in x out] as a product reads it: panels of 32 columns,
// each with its rows one after the other; the last is filled up with 0. This way
// a product takes two thirds of the time of [vector.MulAdd].
type matrix struct {
	in, out int
	packed  []float32
	start   []float32 // what a product's rows start from, or nil: the bias [out], filled up
}

// panels is the number of panels of a matrix with n columns.
func panels(n int) int { return (n + panel - 1) / panel }

// newMatrix packs W^T [out x in], the way that a layer's weights are kept in a
// file, and its bias [out].
func newMatrix(wt, bias []float32, in, out int) matrix {
	m := matrix{in: in, out: out, packed: make([]float32, panels(out)*in*panel), start: make([]float32, panels(out)*panel)}
	m.packRows(wt, in)
	copy(m.start, bias)
	return m
}

// packRows packs a matrix whose columns are out rows, ld apart.
func (m matrix) packRows(rows []float32, ld int) {
	for j := range m.out {
		col := m.packed[j/panel*m.in*panel+j%panel:]
		for k, w := range rows[j*ld : j*ld+m.in] {
			col[k*panel] = w
		}
	}
}

// packColumns packs a matrix whose rows are ld apart.
func (m matrix) packColumns(rows []float32, ld int) {
	for j := 0; j < m.out; j += panel {
		w := min(panel, m.out-j)
		for k := range m.in {
			copy(m.packed[(j*m.in + k*panel):][:w], rows[k*ld+j:])
		}
	}
}

// times sets Y [n x out], whose rows begin ldy apart, to X W and the bias, for X
// [n x in] with rows ldx apart. Y is not X.
func (m matrix) times(y []float32, ldy int, x []float32, ldx, n int) {
	for j := 0; j < m.out; j += panel {
		w := m.packed[j*m.in : (j+panel)*m.in]
		start := zeros[:]
		if m.start != nil {
			start = m.start[j : j+panel]
		}
		if m.out-j >= panel {
			tiles(y[j:], ldy, x, ldx, n, w, start)
			continue
		}
		part := make([]float32, n*panel)
		tiles(part, panel, x, ldx, n, w, start)
		for i := range n {
			copy(y[i*ldy+j:][:m.out-j], part[i*panel:])
		}
	}
}

var zeros [panel]float32

// back returns W v, for v [out].
func (m matrix) back(v []float32) []float32 {
	padded := make([]float32, panels(m.out)*panel)
	copy(padded, v)
	u := make([]float32, m.in)
	for j := 0; j < m.out; j += panel {
		for k := range u {
			u[k] += vector.Dot(padded[j:j+panel], m.packed[j*m.in+k*panel:])
		}
	}
	return u
}

// tilesPlain sets the 32 columns of Y to start and X W, for one panel W.
func tilesPlain(y []float32, ldy int, x []float32, ldx, n int, w, start []float32) {
	p := len(w) / panel
	for i := 0; i < n; i += 2 {
		i := max(0, min(i, n-2)) // the last rows again, where n is odd
		i2 := min(i+1, n-1)
		a, b := x[i*ldx:][:p], x[i2*ldx:][:p]
		ya, yb := y[i*ldy:][:panel], y[i2*ldy:][:panel]
		for c := 0; c < panel; c += 4 {
			a0, a1, a2, a3 := start[c], start[c+1], start[c+2], start[c+3]
			b0, b1, b2, b3 := a0, a1, a2, a3
			for k, s := range a {
				r, t := w[k*panel+c:k*panel+c+4:k*panel+c+4], b[k]
				a0, a1, a2, a3 = a0+s*r[0], a1+s*r[1], a2+s*r[2], a3+s*r[3]
				b0, b1, b2, b3 = b0+t*r[0], b1+t*r[1], b2+t*r[2], b3+t*r[3]
			}
			ya[c], ya[c+1], ya[c+2], ya[c+3] = a0, a1, a2, a3
			yb[c], yb[c+1], yb[c+2], yb[c+3] = b0, b1, b2, b3
		}
	}
}
