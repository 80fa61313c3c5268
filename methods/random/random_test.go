package random

import (
	"math"
	"slices"
	"testing"
)

func TestSeedDetermines(t *testing.T) {
	a, b, c := New(1, 2), New(1, 2), New(1, 3)
	same, differ := true, false
	for range 100 {
		x := a.Uint64()
		same = same && x == b.Uint64()
		differ = differ || x != c.Uint64()
	}
	if !same || !differ {
		t.Errorf("same seed and stream agree: %v; another stream differs: %v", same, differ)
	}
}

func TestChooserFrequencies(t *testing.T) {
	w := []float64{1, 0, 3, 6}
	c := NewChooser(w)
	rng := New(1, 1)
	n := make([]int, len(w))
	const draws = 100_000
	for range draws {
		n[c.Draw(rng)]++
	}
	for i := range w {
		if got, want := float64(n[i])/draws, w[i]/10; math.Abs(got-want) > .01 {
			t.Errorf("index %d drawn with frequency %.3f, want %.3f", i, got, want)
		}
	}
}

func TestSampleIsWithoutReplacement(t *testing.T) {
	s := Sample(New(3, 3), 10, 10)
	slices.Sort(s)
	for i, v := range s {
		if v != i {
			t.Fatalf("sorted sample of all ten: %v", s)
		}
	}
}

func TestZipf(t *testing.T) {
	w := Zipf(3, 1)
	if math.Abs(w[0]/w[2]-3) > 1e-12 || math.Abs(w[0]+w[1]+w[2]-1) > 1e-12 {
		t.Errorf("weights %v", w)
	}
}
