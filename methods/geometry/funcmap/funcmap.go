// Package funcmap matches deformable shapes by functional maps: small matrices
// that carry functions from one triangle mesh to another, each written in the
// first eigenfunctions of its Laplacian (Ovsjanikov et al., "Functional Maps: A
// Flexible Representation of Maps Between Shapes", 2012). It has the bases, maps
// from points and back, the regularised estimate from descriptors, the axioms as
// masks and as losses, and the refinement ZoomOut (Melzi et al., 2019,
// arXiv:1904.07865). Package diffumatch learns a prior that replaces the axioms.
//
// A shape with cotangent stiffness L and lumped areas M = diag(m), scaled to unit
// area by whoever makes it, has the basis
//
//	L phi = lambda M phi,   Phi [vertices x k],   Phi^T M Phi = I.
//
// A map C [k x k] takes coefficients on shape 1 to coefficients on shape 2: row =
// basis of 2, column = basis of 1. If vertex v of 2 corresponds to t(v) of 1,
//
//	C = Phi_2^T M_2 Phi_1[t, :],                                      ([FromPoints])
//	t(v) = the nearest row of Phi_1 to (Phi_2 C)[v, :].               ([ToPoints])
//
// From coefficients of p descriptors, A = Phi_1^T M_1 F_1 and B = Phi_2^T M_2 F_2
// [k x p], and a penalty D of each entry,
//
//	min_C |C A - B|^2 + lambda sum_ij D_ij C_ij^2                     ([Solve])
//	C_i = (A A^T + lambda diag(D_i))^-1 A B_i^T,                      row by row.
//
// Eigenvectors have arbitrary signs, and near-equal eigenvalues change places:
// over shapes, only the absolute values of maps can be compared.
package funcmap

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/spatial/r3"
)

// Shape is a triangle mesh.
type Shape struct {
	V []r3.Vec
	F [][3]int32 // vertices of each face
}

func (s *Shape) check() error {
	if s == nil || len(s.V) == 0 || len(s.F) == 0 {
		return fmt.Errorf("funcmap: a shape without vertices or faces")
	}
	for i, v := range s.V {
		if n := r3.Norm(v); math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("funcmap: vertex %d is at %v", i, v)
		}
	}
	for i, f := range s.F {
		for _, v := range f {
			if v < 0 || int(v) >= len(s.V) {
				return fmt.Errorf("funcmap: face %d has the vertex %d of %d", i, v, len(s.V))
			}
		}
		if s.normal(f) == (r3.Vec{}) {
			return fmt.Errorf("funcmap: face %d has no area", i)
		}
	}
	return nil
}

// normal has the length of twice the face's area.
func (s *Shape) normal(f [3]int32) r3.Vec {
	return r3.Cross(r3.Sub(s.V[f[1]], s.V[f[0]]), r3.Sub(s.V[f[2]], s.V[f[0]]))
}

// Area is that of all faces.
func (s *Shape) Area() float64 {
	sum := 0.
	for _, f := range s.F {
		sum += r3.Norm(s.normal(f)) / 2
	}
	return sum
}

// UnitArea returns the shape scaled to area 1.
func (s *Shape) UnitArea() (*Shape, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	scale := 1 / math.Sqrt(s.Area())
	out := &Shape{V: make([]r3.Vec, len(s.V)), F: s.F}
	for i, v := range s.V {
		out.V[i] = r3.Scale(scale, v)
	}
	return out, nil
}

// Laplacian returns the cotangent stiffness [vertices x vertices] and the area of
// each vertex, a third of those of its faces. An edge weighs half the sum of the
// two cotangents of the angles opposite to it.
func (s *Shape) Laplacian() (stiffness *mat.SymDense, mass []float64, err error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	n := len(s.V)
	l := mat.NewSymDense(n, nil)
	mass = make([]float64, n)
	for _, f := range s.F {
		double := r3.Norm(s.normal(f))
		for c := range 3 {
			i, j, k := int(f[c]), int(f[(c+1)%3]), int(f[(c+2)%3])
			a, b := r3.Sub(s.V[j], s.V[i]), r3.Sub(s.V[k], s.V[i])
			w := r3.Dot(a, b) / double / 2 // half the cotangent at i
			l.SetSym(j, k, l.At(j, k)-w)
			l.SetSym(j, j, l.At(j, j)+w)
			l.SetSym(k, k, l.At(k, k)+w)
			mass[i] += double / 6
		}
	}
	for i, m := range mass {
		if m == 0 {
			return nil, nil, fmt.Errorf("funcmap: vertex %d has no face", i)
		}
	}
	return l, mass, nil
}

// Basis are the first eigenfunctions of a shape's Laplacian.
type Basis struct {
	Lambda []float64  // [k], ascending; the first is 0
	Phi    *mat.Dense // [vertices x k]
	Mass   []float64  // [vertices]
}

// Spectrum computes the first k eigenfunctions. It is dense: some 25 ms for 160
// vertices, growing with the cube.
func Spectrum(s *Shape, k int) (*Basis, error) {
	l, mass, err := s.Laplacian()
	if err != nil {
		return nil, err
	}
	n := len(mass)
	if k < 1 || k > n {
		return nil, fmt.Errorf("funcmap: %d eigenfunctions of %d vertices", k, n)
	}
	root := make([]float64, n)
	for i, m := range mass {
		root[i] = math.Sqrt(m)
	}
	// M^-1/2 L M^-1/2 is symmetric, with the eigenvectors M^1/2 phi.
	for i := range n {
		for j := i; j < n; j++ {
			l.SetSym(i, j, l.At(i, j)/(root[i]*root[j]))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(l, true) {
		return nil, fmt.Errorf("funcmap: the Laplacian's eigenvalues were not found")
	}
	b := &Basis{Lambda: e.Values(nil)[:k], Mass: mass}
	for i, v := range b.Lambda {
		b.Lambda[i] = max(0, v) // the first is 0 up to rounding
	}
	var u mat.Dense
	e.VectorsTo(&u)
	b.Phi = mat.DenseCopyOf(u.Slice(0, n, 0, k))
	for i := range n {
		row := b.Phi.RawRowView(i)
		for j := range row {
			row[j] /= root[i]
		}
	}
	return b, nil
}

// first are the first k columns of Phi, or an error if there are fewer.
func (b *Basis) first(k int) (mat.Matrix, error) {
	n, have := b.Phi.Dims()
	if k < 1 || k > have || len(b.Lambda) != have || len(b.Mass) != n {
		return nil, fmt.Errorf("funcmap: %d of a basis of %d functions", k, have)
	}
	return b.Phi.Slice(0, n, 0, k), nil
}

// Coefficients are those [k x p] of functions f [vertices x p] in the first k
// functions of the basis: Phi^T M f.
func (b *Basis) Coefficients(f *mat.Dense, k int) (*mat.Dense, error) {
	phi, err := b.first(k)
	if err != nil {
		return nil, err
	}
	rows, p := f.Dims()
	if rows != len(b.Mass) {
		return nil, fmt.Errorf("funcmap: functions on %d vertices of %d", rows, len(b.Mass))
	}
	weighted := mat.NewDense(rows, p, nil)
	for i, m := range b.Mass {
		for j, v := range f.RawRowView(i) {
			weighted.Set(i, j, m*v)
		}
	}
	var c mat.Dense
	c.Mul(phi.T(), weighted)
	return &c, nil
}
