package embed

import (
	"errors"
	"math"
	"testing"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/embed/bag"
)

// What plain TF-IDF and LSA reach on the bed was measured with other code, too.
func TestPairsBed(t *testing.T) {
	if testing.Short() {
		t.Skip("reads four months of records: run without -short")
	}
	p, err := loadPairs(t.Context(), lastMonths)
	if missing, ok := errors.AsType[*dataset.MissingError](err); ok {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := p.lexical(); math.Abs(got-.905) > .01 {
		t.Errorf("TF-IDF: MRR %.3f, want .905", got)
	}
	v, err := p.lsa(t.Context(), 128)
	if err != nil {
		t.Fatal(err)
	}
	for dim, want := range map[int]float64{8: .138, 32: .419, 128: .700} {
		enc, err := bag.FromBasis(v, dim, 4)
		if err != nil {
			t.Fatal(err)
		}
		q, d, err := p.test(enc)
		if err != nil {
			t.Fatal(err)
		}
		if got := mrr(q, d, dim); math.Abs(got-want) > .01 {
			t.Errorf("LSA, %d dimensions: MRR %.3f, want %.3f", dim, got, want)
		}
	}
}
