package label

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab/labtest"
	"github.com/offprint/offprint/methods/random"
)

func TestLLS(t *testing.T) { labtest.Run(t, LLS) }

func TestDeal(t *testing.T) {
	class := make([]int, 900)
	for i := range class {
		class[i] = i % 3
	}
	s := labelShift{domains: 6, alpha: .5, bound: 5}
	data := s.deal(random.New(1, 0), class, 3)
	size, seen := make([]float64, 6), make([]bool, 900)
	count := mat.NewDense(3, 6, nil)
	for k, i := range data.rows {
		if seen[i] || data.class[k] != class[i] {
			t.Fatalf("example %d is dealt twice, or as class %d", i, data.class[k])
		}
		seen[i] = true
		size[data.domain[k]]++
		count.Set(class[i], data.domain[k], count.At(class[i], data.domain[k])+1)
	}
	for d, n := range size {
		if n < size[0]-3 || n > size[0]+3 {
			t.Errorf("domains of %v", size)
		}
		for y := range 3 {
			if got, want := count.At(y, d)/n, data.prior.At(y, d); got < want-.03 || got > want+.03 {
				t.Errorf("class %d has the share %.3f of domain %d, want %.3f", y, got, d, want)
			}
		}
	}
	if mat.Cond(data.prior, 2) > 5 {
		t.Errorf("condition %v", mat.Cond(data.prior, 2))
	}
}
