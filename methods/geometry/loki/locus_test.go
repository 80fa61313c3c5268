package loki

import (
	"context"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func TestLocusOfTrees(t *testing.T) {
	rng := random.New(5, 29)
	for range 20 {
		m := randomTree(t, rng, 12)
		observed := random.Sample(rng, 12, 4)
		got, err := m.Locus(t.Context(), observed)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.TreeLocus(observed)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("observed %v: linear programme %v, paths %v", observed, got, want)
		}
	}
}

// No prediction is outside of the locus, in spaces of any kind.
func TestPredictionsAreInTheLocus(t *testing.T) {
	rng := random.New(6, 29)
	for range 10 {
		v := mat.NewDense(15, 2, nil)
		for i := range v.RawMatrix().Data {
			v.RawMatrix().Data[i] = rng.NormFloat64()
		}
		m, err := FromVectors(v)
		if err != nil {
			t.Fatal(err)
		}
		observed := random.Sample(rng, 15, 4)
		in, err := m.Locus(t.Context(), observed)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, m.Len())
		for _, y := range predict(t, m, observed, probabilities(rng, 3000, 4)) {
			seen[y] = true
			if !in[y] {
				t.Fatalf("%d is predicted, and not in the locus %v", y, in)
			}
		}
		if got := count(seen); got < count(in)-2 {
			t.Errorf("%d labels of the locus are predicted, of %d", got, count(in))
		}
	}
}

func TestLeavesCoverATree(t *testing.T) {
	rng := random.New(7, 29)
	for range 10 {
		m := randomTree(t, rng, 30)
		cover := leaves(m)
		in, err := m.TreeLocus(cover)
		if err != nil {
			t.Fatal(err)
		}
		if count(in) != m.Len() {
			t.Errorf("the %d leaves reach %d of %d nodes", len(cover), count(in), m.Len())
		}
		if in, err = m.TreeLocus(cover[1:]); err != nil {
			t.Fatal(err)
		}
		if in[cover[0]] {
			t.Error("a leaf that is not observed is reached")
		}
	}
}

func TestNext(t *testing.T) {
	m := path(t, 8)
	locus, err := m.TreeLocus([]int{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if next, err := m.NextInTree(locus); err != nil || next != 7 {
		t.Errorf("next in the tree %d, %v", next, err)
	}
	if next, err := m.Next(t.Context(), []int{2, 3}); err != nil || next != 7 {
		t.Errorf("next %d, %v", next, err)
	}
	for _, f := range []func() (int, error){
		func() (int, error) { return m.Next(t.Context(), []int{0, 7}) },
		func() (int, error) { return m.NextInTree(slices.Repeat([]bool{true}, 8)) },
	} {
		if next, err := f(); err != nil || next != -1 {
			t.Errorf("next is %d, %v, with all in the locus", next, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Next(ctx, []int{3}); err == nil {
		t.Error("no error of a context that is done")
	}
}

// In a tree of paths from a centre, the choice makes the locus grow by a whole
// path at a time.
func TestChoiceCoversAStar(t *testing.T) {
	const arms, length = 4, 5
	m := tree(t, func(i int) int {
		if (i-1)%length == 0 {
			return 0
		}
		return i - 1
	}, 1+arms*length)
	observed := []int{0}
	for range arms {
		locus, err := m.TreeLocus(observed)
		if err != nil {
			t.Fatal(err)
		}
		next, err := m.NextInTree(locus)
		if err != nil {
			t.Fatal(err)
		}
		observed = append(observed, next)
	}
	locus, err := m.TreeLocus(observed)
	if err != nil {
		t.Fatal(err)
	}
	if count(locus) != m.Len() {
		t.Errorf("%d of %d nodes are reached by %v", count(locus), m.Len(), observed)
	}
}
