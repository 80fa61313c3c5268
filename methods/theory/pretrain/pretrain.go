// Package pretrain learns in two phases: a latent-variable model is fitted to
// unlabelled points by maximum likelihood, then a small head to labelled ones on
// what the model makes of them (On the Provable Advantage of Unsupervised
// Pretraining, 2023, arXiv:2303.01566). The excess risk has a part that m unlabelled points
// pay for and one that n labelled points pay for; the second does not contain the
// dimension of the points.
//
//	phase 1:  phi = argmax sum_i log p_phi(x_i)                    i = 1..m
//	phase 2:  psi = argmin sum_j loss(psi(E_phi[s | x_j]), y_j)    j = 1..n
//
//	excess risk  <=  kappa sqrt(C_Phi/m) + sqrt(C_Psi/n)                  (1)
//
// up to constants, against sqrt(C/n) with C of both together for labels alone. kappa
// says how well a fit of the distribution serves the head, up to what a head can
// undo: a rotation of factors, another order of clusters. With a squared loss
// and a right model, as here, the terms fall as C/m and C/n.
//
// There are three models:
//
//	[FactorMLE]     x = B z + noise, z ~ N(0, I_r): C_Phi ~ d r, C_Psi = r
//	[MixtureMLE]    x ~ mean of N(u_k, I), k = 1..K: C_Phi ~ d K, C_Psi = K
//	[ContrastMLE]   pairs with P(alike) = sigmoid(f(x).f(x')), f(x) = W x:
//	                C_Phi ~ d r, C_Psi = r
//
// With the model known, and Gaussian errors of variance s2 given the r features,
// least squares has an excess risk of r s2/(n - r - 1) on average.
//
// Differences from the paper: heads are linear with a squared loss and may have a
// ridge penalty.
package pretrain

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Representation is what phase 1 learns.
type Representation interface {
	// Dim is the number of features.
	Dim() int
	// Encode writes the features of a point to dst [Dim].
	Encode(dst, x []float64)
}

// Linear is a linear representation, the features W x.
type Linear struct {
	W *mat.Dense // [Dim x d]
}

// Dim implements [Representation].
func (l Linear) Dim() int {
	r, _ := l.W.Dims()
	return r
}

// Encode implements [Representation].
func (l Linear) Encode(dst, x []float64) {
	for i := range dst {
		dst[i] = floats.Dot(l.W.RawRowView(i), x)
	}
}

// Weights are those of a head on points in place of features, W^T h [d].
func (l Linear) Weights(h Head) []float64 {
	var w mat.VecDense
	w.MulVec(l.W.T(), mat.NewVecDense(len(h.W), h.W))
	return w.RawVector().Data
}

// Encode returns the features of points x [n x d] in rows [n x Dim].
func Encode(rep Representation, x *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	out := mat.NewDense(n, rep.Dim(), nil)
	for i := range n {
		rep.Encode(out.RawRowView(i), x.RawRowView(i))
	}
	return out
}

// Head predicts y from features, without an intercept: centre y, or let a feature
// be constant.
type Head struct {
	W []float64 // [Dim]
}

// Predict returns the prediction for features e [Dim].
func (h Head) Predict(e []float64) float64 { return floats.Dot(h.W, e) }

// FitHead fits a head to points x [n x d] and y [n] by least squares with a
// penalty of ridge |W|^2. Without a penalty the features must be independent on
// the points.
func FitHead(rep Representation, x *mat.Dense, y []float64, ridge float64) (Head, error) {
	n, _ := x.Dims()
	if n == 0 || len(y) != n || !(ridge >= 0) {
		return Head{}, fmt.Errorf("pretrain: a head on %d points with %d labels and a penalty of %v", n, len(y), ridge)
	}
	e := Encode(rep, x)
	gram := mat.NewSymDense(rep.Dim(), nil)
	gram.SymOuterK(1, e.T())
	for i := range rep.Dim() {
		gram.SetSym(i, i, gram.At(i, i)+ridge)
	}
	var ey, w mat.VecDense
	ey.MulVec(e.T(), mat.NewVecDense(n, y))
	var c mat.Cholesky
	if !c.Factorize(gram) || c.SolveVecTo(&w, &ey) != nil || !finite(w.RawVector().Data) {
		return Head{}, fmt.Errorf("pretrain: no head: %d features are dependent on %d points, or not finite", rep.Dim(), n)
	}
	return Head{w.RawVector().Data}, nil
}

// ExcessRisk is how much more squared error weights w have than the best ones,
// (w - best)^T cov (w - best), for points with second moments cov.
func ExcessRisk(w, best []float64, cov mat.Symmetric) (float64, error) {
	if len(w) != len(best) || cov.SymmetricDim() != len(w) {
		return 0, fmt.Errorf("pretrain: excess risk of %d weights against %d, of %d dimensions", len(w), len(best), cov.SymmetricDim())
	}
	d := mat.NewVecDense(len(w), nil)
	d.SubVec(mat.NewVecDense(len(w), w), mat.NewVecDense(len(w), best))
	return mat.Inner(d, cov, d), nil
}

// HeadRisk is the mean excess risk of least squares on r known features with n
// labels and Gaussian errors of variance s2: r s2/(n - r - 1), +Inf where n is too
// small.
func HeadRisk(r, n int, s2 float64) float64 {
	if n <= r+1 {
		return math.Inf(1)
	}
	return float64(r) * s2 / float64(n-r-1)
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// points checks x [m x d].
func points(x *mat.Dense) (m, d int, err error) {
	if x == nil || x.IsEmpty() {
		return 0, 0, fmt.Errorf("pretrain: no points")
	}
	m, d = x.Dims()
	for i := range m {
		if !finite(x.RawRowView(i)) {
			return 0, 0, fmt.Errorf("pretrain: point %d is not finite", i)
		}
	}
	return m, d, nil
}
