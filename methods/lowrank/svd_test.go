package lowrank

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

func fill(rows, cols int, density float64, seed uint64) (*sparse.Matrix, *mat.Dense) {
	rng := random.New(seed, 9)
	d := mat.NewDense(rows, cols, nil)
	var es []sparse.Entry
	for i := range rows {
		for j := range cols {
			if rng.Float64() < density {
				v := float32(rng.NormFloat64())
				es = append(es, sparse.Entry{Row: int32(i), Col: int32(j), Val: v})
				d.Set(i, j, float64(v))
			}
		}
	}
	m, err := sparse.New(rows, cols, es)
	if err != nil {
		panic(err)
	}
	return m, d
}

func TestAgainstFullSVD(t *testing.T) {
	for _, c := range []struct{ rows, cols, rank int }{{40, 30, 30}, {30, 40, 30}, {25, 25, 25}} {
		a, d := fill(c.rows, c.cols, .4, 1)
		_, s, v, err := SVD(t.Context(), a, c.rank, random.New(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		var full mat.SVD
		full.Factorize(d, mat.SVDThin)
		want := full.Values(nil)
		for i := range s {
			if math.Abs(s[i]-want[i]) > 1e-4*want[0] {
				t.Errorf("%v: singular value %d is %v, want %v", c, i, s[i], want[i])
			}
		}
		var gram mat.Dense
		gram.Mul(v.T(), v)
		for i := range c.rank {
			for j := range c.rank {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(gram.At(i, j)-want) > 1e-6 {
					t.Fatalf("V^T V at (%d, %d) is %v", i, j, gram.At(i, j))
				}
			}
		}
	}
}

// A matrix of rank r is its rank-r decomposition.
func TestExactAtItsRank(t *testing.T) {
	left, _ := fill(60, 4, 1, 2)
	right, _ := fill(4, 50, 1, 3)
	d := mat.NewDense(60, 50, nil)
	var es []sparse.Entry
	for i := range 60 {
		for j := range 50 {
			var x float32
			for k := range 4 {
				x += left.Val[i*4+k] * right.Val[k*50+j]
			}
			d.Set(i, j, float64(x))
			es = append(es, sparse.Entry{Row: int32(i), Col: int32(j), Val: x})
		}
	}
	a, err := sparse.New(60, 50, es)
	if err != nil {
		t.Fatal(err)
	}
	u, s, v, err := SVD(t.Context(), a, 4, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var us, back mat.Dense
	us.Mul(u, mat.NewDiagDense(4, s))
	back.Mul(&us, v.T())
	back.Sub(&back, d)
	if e := mat.Norm(&back, 2) / mat.Norm(d, 2); e > 1e-5 {
		t.Errorf("relative error %v", e)
	}
}

func TestRankOutOfRange(t *testing.T) {
	a, _ := fill(5, 4, 1, 1)
	for _, rank := range []int{0, 5} {
		if _, _, _, err := SVD(t.Context(), a, rank, random.New(1, 1)); err == nil {
			t.Errorf("rank %d of 5 x 4 is taken", rank)
		}
	}
}

func ExampleSVD() {
	a, _ := sparse.New(2, 2, []sparse.Entry{{Row: 0, Col: 0, Val: 3}, {Row: 1, Col: 1, Val: 4}})
	_, s, _, _ := SVD(context.Background(), a, 2, random.New(1, 1))
	fmt.Printf("%.3f\n", s)
	// Output: [4.000 3.000]
}
