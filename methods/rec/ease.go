package rec

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// EASE is a linear model of items on items with a closed form (Steck,
// "Embarrassingly Shallow Autoencoders for Sparse Data", 2019,
// arXiv:1905.03375): the B with zero diagonal that minimises
// |R - R B|^2 + lambda |B|^2, where R [Users x Items] holds the interactions.
// With P = (R^T R + lambda I)^-1 it is B_ij = -P_ij / P_jj off the diagonal.
type EASE struct {
	b     []float32 // [Items x Items]
	items int
	users [][]int32
}

// NewEASE solves for B. Time grows with the cube of the number of items, memory
// with its square. lambda must be positive.
func NewEASE(x Interactions, lambda float64) (*EASE, error) {
	if err := x.Check(); err != nil {
		return nil, err
	}
	if !(lambda > 0) {
		return nil, fmt.Errorf("rec: EASE with lambda %v", lambda)
	}
	m := &EASE{items: x.Items, users: x.ByUser(), b: make([]float32, x.Items*x.Items)}
	gram := mat.NewSymDense(x.Items, nil)
	for _, items := range m.users {
		for a, i := range items {
			for _, j := range items[a:] {
				gram.SetSym(int(i), int(j), gram.At(int(i), int(j))+1)
			}
		}
	}
	for i := range x.Items {
		gram.SetSym(i, i, gram.At(i, i)+lambda)
	}
	var chol mat.Cholesky
	if !chol.Factorize(gram) {
		return nil, fmt.Errorf("rec: EASE with lambda %v: the Gram matrix is singular in float64", lambda)
	}
	var p mat.SymDense
	if err := chol.InverseTo(&p); err != nil {
		return nil, fmt.Errorf("rec: EASE: %w", err)
	}
	for i := range x.Items {
		for j := range x.Items {
			if i != j {
				m.b[i*x.Items+j] = float32(-p.At(i, j) / p.At(j, j))
			}
		}
	}
	return m, nil
}

// At returns B_ij, the weight of item i in the score of item j.
func (m *EASE) At(i, j int) float32 { return m.b[i*m.items+j] }

// Scores sets dst to a user's scores, one an item.
func (m *EASE) Scores(user int, dst []float32) {
	clear(dst)
	for _, i := range m.users[user] {
		row := m.b[int(i)*m.items:][:m.items]
		for j := range dst {
			dst[j] += row[j]
		}
	}
}
