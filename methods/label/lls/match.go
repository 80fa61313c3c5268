package lls

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/assign"
)

// MatchClasses names found classes, which come in no order: it returns the true
// class that each of the k found ones stands for, one to one, and the share of
// examples that this makes right, the largest that any naming makes. It is for
// measuring; the true classes must not serve for anything else.
func MatchClasses(found, truth []int, k int) (names []int, accuracy float64, err error) {
	if len(found) != len(truth) || len(found) == 0 {
		return nil, 0, fmt.Errorf("lls: %d found and %d true classes", len(found), len(truth))
	}
	both := mat.NewDense(k, k, nil)
	for i, f := range found {
		if f < 0 || f >= k || truth[i] < 0 || truth[i] >= k {
			return nil, 0, fmt.Errorf("lls: example %d is found in class %d and is of class %d of %d", i, f, truth[i], k)
		}
		both.Set(f, truth[i], both.At(f, truth[i])+1)
	}
	names, right, err := assign.Max(both)
	return names, right / float64(len(found)), err
}
