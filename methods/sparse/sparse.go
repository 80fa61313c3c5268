// Package sparse has a matrix in compressed rows and its products with dense
// matrices, in float32, parallel over rows.
package sparse

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/offprint/offprint/methods/vector"
)

// Matrix is a sparse matrix in compressed sparse rows: row i has the values
// Val[RowPtr[i]:RowPtr[i+1]] in the columns Col[RowPtr[i]:RowPtr[i+1]].
type Matrix struct {
	Rows, Cols int
	RowPtr     []int32
	Col        []int32
	Val        []float32
}

// Entry is one value of a matrix.
type Entry struct {
	Row, Col int32
	Val      float32
}

// New makes a matrix of entries in any order; those at the same place are
// added. An entry outside of the matrix is an error.
func New(rows, cols int, entries []Entry) (*Matrix, error) {
	es := slices.Clone(entries)
	slices.SortStableFunc(es, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col)) })
	m := &Matrix{Rows: rows, Cols: cols, RowPtr: make([]int32, rows+1)}
	last := Entry{Row: -1}
	for _, e := range es {
		if e.Row < 0 || int(e.Row) >= rows || e.Col < 0 || int(e.Col) >= cols {
			return nil, fmt.Errorf("sparse: entry (%d, %d) is outside of %d x %d", e.Row, e.Col, rows, cols)
		}
		if e.Row == last.Row && e.Col == last.Col {
			m.Val[len(m.Val)-1] += e.Val
			continue
		}
		m.Col = append(m.Col, e.Col)
		m.Val = append(m.Val, e.Val)
		m.RowPtr[e.Row+1]++
		last = e
	}
	for i := range rows {
		m.RowPtr[i+1] += m.RowPtr[i]
	}
	return m, nil
}

// NNZ is the number of stored values.
func (m *Matrix) NNZ() int { return len(m.Val) }

// Row returns the columns and values of row i. They are the matrix's own.
func (m *Matrix) Row(i int) (cols []int32, vals []float32) {
	a, b := m.RowPtr[i], m.RowPtr[i+1]
	return m.Col[a:b], m.Val[a:b]
}

// T returns the transpose, with columns ascending in each row.
func (m *Matrix) T() *Matrix {
	t := &Matrix{Rows: m.Cols, Cols: m.Rows, RowPtr: make([]int32, m.Cols+1), Col: make([]int32, len(m.Col)), Val: make([]float32, len(m.Val))}
	for _, c := range m.Col {
		t.RowPtr[c+1]++
	}
	for i := range t.Rows {
		t.RowPtr[i+1] += t.RowPtr[i]
	}
	next := slices.Clone(t.RowPtr[:t.Rows])
	for i := range m.Rows {
		cols, vals := m.Row(i)
		for k, c := range cols {
			t.Col[next[c]], t.Val[next[c]] = int32(i), vals[k]
			next[c]++
		}
	}
	return t
}

// Select returns the matrix of the rows with the given indices.
func (m *Matrix) Select(rows []int) *Matrix {
	s := &Matrix{Rows: len(rows), Cols: m.Cols, RowPtr: make([]int32, 1, len(rows)+1)}
	for _, i := range rows {
		cols, vals := m.Row(i)
		s.Col = append(s.Col, cols...)
		s.Val = append(s.Val, vals...)
		s.RowPtr = append(s.RowPtr, int32(len(s.Col)))
	}
	return s
}

// Mul sets dst [Rows x d] to m times x [Cols x d], both row by row.
func (m *Matrix) Mul(dst, x []float32, d int) {
	if len(dst) != m.Rows*d || len(x) != m.Cols*d {
		panic(fmt.Sprintf("sparse: Mul of %d x %d with d = %d: len(dst) = %d, len(x) = %d", m.Rows, m.Cols, d, len(dst), len(x)))
	}
	parallel(m.Rows, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out := dst[i*d : (i+1)*d]
			clear(out)
			cols, vals := m.Row(i)
			for k, c := range cols {
				vector.AddScaled(out, vals[k], x[int(c)*d:(int(c)+1)*d])
			}
		}
	})
}

// parallel calls f for ranges that cover 0..n-1, on all cores.
func parallel(n int, f func(lo, hi int)) {
	p := runtime.GOMAXPROCS(0)
	if n < 256 || p == 1 {
		f(0, n)
		return
	}
	// Rows differ in length: more ranges than cores, so that none waits long.
	step := (n + 8*p - 1) / (8 * p)
	var wg sync.WaitGroup
	next := make(chan int, 8*p+1)
	for lo := 0; lo < n; lo += step {
		next <- lo
	}
	close(next)
	for range p {
		wg.Go(func() {
			for lo := range next {
				f(lo, min(n, lo+step))
			}
		})
	}
	wg.Wait()
}
