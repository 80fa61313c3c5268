package embed

import (
	"slices"
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestUnifiedEmbedding(t *testing.T) { labtest.Run(t, UnifiedEmbedding) }

func TestSharesOfRows(t *testing.T) {
	sizes := []int{943, 1682, 14, 2, 21, 795, 72, 216}
	if got, want := proportionalRows(sizes, 374), []int{94, 167, 1, 1, 2, 79, 7, 21}; !slices.Equal(got, want) {
		t.Errorf("in proportion %v, want %v", got, want)
	}
	got := evenRows(sizes, 374)
	if want := []int{68, 68, 14, 2, 21, 67, 67, 67}; !slices.Equal(got, want) {
		t.Errorf("small ones exact %v, want %v", got, want)
	}
}
