package digits

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/dataset"
)

func load(t *testing.T) Images {
	t.Helper()
	im, err := Load()
	var missing *dataset.MissingError
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func TestSplit(t *testing.T) {
	all := load(t)
	train, test, err := Split(1, 47)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 1297 || test.Len() != 500 || len(train.X) != 1297*Pixels {
		t.Errorf("%d training and %d test images", train.Len(), test.Len())
	}
	count := func(ims ...Images) []int {
		n := make([]int, Classes)
		for _, im := range ims {
			for _, y := range im.Y {
				n[y]++
			}
		}
		return n
	}
	if got, want := count(train, test), count(all); !slices.Equal(got, want) {
		t.Errorf("classes %v, want %v", got, want)
	}
	again, _, err := Split(1, 47)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := Split(2, 47)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(train.X, again.X) || slices.Equal(train.Y, other.Y) {
		t.Error("the split does not follow the seed")
	}
	if lo, hi := slices.Min(all.X), slices.Max(all.X); lo != 0 || hi != 1 {
		t.Errorf("pixels from %v to %v", lo, hi)
	}
}

func TestScales(t *testing.T) {
	im := load(t).Slice(10, 40)
	c := im.Centred(im.Mean())
	for j, m := range c.Mean() {
		if math.Abs(m) > 1e-12 {
			t.Fatalf("pixel %d has the mean %v after centring", j, m)
		}
	}
	s := im.Scaled(2, -.6)
	mean, single := im.Mean(), s.Float32()
	for i, x := range im.X {
		if math.Abs(c.X[i]-2*(x-mean[i%Pixels])) > 1e-12 || s.X[i] != 2*x-.6 || math.Abs(float64(single[i])-s.X[i]) > 1e-6 {
			t.Fatalf("pixel %d: %v centred %v, scaled %v", i, x, c.X[i], s.X[i])
		}
	}
	if im.Dense().At(3, 5) != im.Row(3)[5] {
		t.Error("matrix and rows differ")
	}
}
