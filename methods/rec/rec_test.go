package rec

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// blocks are users and items in two halves that share nothing.
func blocks() Interactions {
	x := Interactions{Users: 20, Items: 12}
	rng := random.New(1, 1)
	for u := range x.Users {
		for _, i := range random.Sample(rng, 6, 3) {
			x.Pairs = append(x.Pairs, [2]int32{int32(u), int32(i + 6*(u/10))})
		}
	}
	return x
}

func TestEASEStaysInItsBlock(t *testing.T) {
	x := blocks()
	m, err := NewEASE(x, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Items {
		for j := range x.Items {
			if w := m.At(i, j); (i == j || i/6 != j/6) && math.Abs(float64(w)) > 1e-7 {
				t.Errorf("weight %v from item %d to %d", w, i, j)
			}
		}
	}
	seen := x.ByUser()
	dst := make([]float32, x.Items)
	for u := range x.Users {
		m.Scores(u, dst)
		for _, h := range Recommend(dst, seen[u], 3) {
			if h.Score > 1e-6 && int(h.Item)/6 != u/10 {
				t.Errorf("user %d gets item %d", u, h.Item)
			}
		}
	}
}

// B is the minimum: off the diagonal, the gradient
// R^T (R B - R) + lambda B is zero.
func TestEASEIsTheMinimum(t *testing.T) {
	const lambda = 3.
	x := blocks()
	m, err := NewEASE(x, lambda)
	if err != nil {
		t.Fatal(err)
	}
	r, b := mat.NewDense(x.Users, x.Items, nil), mat.NewDense(x.Items, x.Items, nil)
	for _, p := range x.Pairs {
		r.Set(int(p[0]), int(p[1]), 1)
	}
	for i := range x.Items {
		for j := range x.Items {
			b.Set(i, j, float64(m.At(i, j)))
		}
	}
	var e, g mat.Dense
	e.Mul(r, b)
	e.Sub(&e, r)
	g.Mul(r.T(), &e)
	for i := range x.Items {
		for j := range x.Items {
			if d := g.At(i, j) + lambda*b.At(i, j); i != j && math.Abs(d) > 1e-5 {
				t.Errorf("gradient %v at (%d, %d)", d, i, j)
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	train := Interactions{Users: 3, Items: 5, Pairs: [][2]int32{{0, 0}, {1, 1}, {2, 2}}}
	test := Interactions{Users: 3, Items: 5, Pairs: [][2]int32{{0, 1}, {0, 4}, {1, 4}}}
	scores := []float32{5, 4, 3, 2, 1}
	q := Measure(train, test, 2, func(_ int, dst []float32) { copy(dst, scores) })
	// User 0 sees items 1 and 2, of which 1 was wanted; user 1 sees 0 and 2;
	// user 2 wants nothing and does not count.
	wantNDCG := 1 / (1 + 1/math.Log2(3)) / 2
	if q.Recall != .25 || math.Abs(q.NDCG-wantNDCG) > 1e-12 || len(q.Users) != 2 || q.UserRecall[0] != .5 {
		t.Errorf("%+v", q)
	}
}

func TestErrors(t *testing.T) {
	if _, err := NewEASE(blocks(), 0); err == nil {
		t.Error("lambda 0: no error")
	}
	if err := (Interactions{Users: 1, Items: 1, Pairs: [][2]int32{{-1, 0}}}).Check(); err == nil {
		t.Error("user -1: no error")
	}
}
