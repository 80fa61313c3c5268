package funcmap

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// LeastSquares is the map with the least |C A - B|, and of these that of least
// norm: B A^+, for descriptors a, b [k x p].
func LeastSquares(a, b *mat.Dense) (*mat.Dense, error) {
	if err := checkDescriptors(a, b); err != nil {
		return nil, err
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, fmt.Errorf("funcmap: descriptors without singular values: are all finite?")
	}
	s := svd.Values(nil)
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	k, p := a.Dims()
	for j, x := range s {
		scale := 0.
		if x > s[0]*float64(max(k, p))*1e-15 {
			scale = 1 / x
		}
		for i := range p {
			v.Set(i, j, v.At(i, j)*scale)
		}
	}
	var inverse, c mat.Dense
	inverse.Mul(&v, u.T())
	c.Mul(b, &inverse)
	return &c, nil
}

// Solution is a regularised map with what its gradients take.
type Solution struct {
	C *mat.Dense // [k x k]

	a, b *mat.Dense
	rows []*mat.Cholesky // of each row's A A^T + lambda diag(D_i)
}

// Solve is the regularised map from descriptors a, b [k x p], with a penalty
// [k x k] of no negative entries and its weight lambda > 0. Where fewer descriptors
// than functions and zeros of the penalty leave a row undetermined, an error is
// returned.
func Solve(a, b, penalty *mat.Dense, lambda float64) (*Solution, error) {
	if err := checkDescriptors(a, b); err != nil {
		return nil, err
	}
	k, _ := a.Dims()
	if r, c := penalty.Dims(); r != k || c != k || !(lambda > 0) || math.IsInf(lambda, 1) {
		return nil, fmt.Errorf("funcmap: a penalty of %d x %d, weight %v, for maps of %d", r, c, lambda, k)
	}
	s := &Solution{C: mat.NewDense(k, k, nil), a: a, b: b}
	var gram mat.SymDense
	gram.SymOuterK(1, a)
	var ab mat.Dense
	ab.Mul(a, b.T())
	for i := range k {
		m := mat.NewSymDense(k, nil)
		m.CopySym(&gram)
		for j, d := range penalty.RawRowView(i) {
			if !(d >= 0) || math.IsInf(d, 1) {
				return nil, fmt.Errorf("funcmap: a penalty of %v at %d, %d", d, i, j)
			}
			m.SetSym(j, j, m.At(j, j)+lambda*d)
		}
		var f mat.Cholesky
		if !f.Factorize(m) {
			return nil, fmt.Errorf("funcmap: row %d is not determined", i)
		}
		var c mat.VecDense
		if err := f.SolveVecTo(&c, ab.ColView(i)); err != nil {
			return nil, fmt.Errorf("funcmap: row %d: %w", i, err)
		}
		s.C.SetRow(i, c.RawVector().Data)
		s.rows = append(s.rows, &f)
	}
	return s, nil
}

// Gradients takes that of a loss by C [k x k] to those by the descriptors a and b
// [k x p]. With S_i = A A^T + lambda diag(D_i), y_i = S_i^-1 g_i and rows C_i, B_i,
//
//	dA = sum_i y_i B_i^T - (y_i C_i^T + C_i y_i^T) A,   dB_i = A^T y_i.
func (s *Solution) Gradients(g *mat.Dense) (da, db *mat.Dense, err error) {
	k, p := s.a.Dims()
	if r, c := g.Dims(); r != k || c != k {
		return nil, nil, fmt.Errorf("funcmap: a gradient of %d x %d for maps of %d", r, c, k)
	}
	y := mat.NewDense(k, k, nil)
	for i, f := range s.rows {
		var row mat.VecDense
		if err := f.SolveVecTo(&row, g.RowView(i)); err != nil {
			return nil, nil, fmt.Errorf("funcmap: row %d: %w", i, err)
		}
		y.SetRow(i, row.RawVector().Data)
	}
	da, db = mat.NewDense(k, p, nil), mat.NewDense(k, p, nil)
	var yc, sum, less mat.Dense
	yc.Mul(y.T(), s.C)
	sum.Add(&yc, yc.T())
	less.Mul(&sum, s.a)
	da.Mul(y.T(), s.b)
	da.Sub(da, &less)
	db.Mul(y, s.a)
	return da, db, nil
}

func checkDescriptors(a, b *mat.Dense) error {
	k, p := a.Dims()
	if r, c := b.Dims(); r != k || c != p {
		return fmt.Errorf("funcmap: descriptors of %d x %d and %d x %d", k, p, r, c)
	}
	for _, m := range []*mat.Dense{a, b} {
		for i := range k {
			for _, v := range m.RawRowView(i) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("funcmap: descriptors that are not finite")
				}
			}
		}
	}
	return nil
}
