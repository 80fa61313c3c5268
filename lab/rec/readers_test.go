package rec

import (
	"errors"
	"slices"
	"testing"

	"github.com/offprint/offprint/dataset"
)

func TestLinksAndReaders(t *testing.T) {
	l, err := loadLinks()
	if missing, ok := errors.AsType[*dataset.MissingError](err); ok {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	cold := 0
	for _, c := range l.cold {
		if c {
			cold++
		}
	}
	got := []int{l.authors, l.items(), cold, len(l.train), len(l.warm), len(l.late)}
	if want := []int{2440, 9872, 1565, 16200, 2858, 3287}; !slices.Equal(got, want) {
		t.Errorf("authors, papers, new papers, links to learn from, of known and of new papers: %v, want %v", got, want)
	}
	r := drawReaders(l, 0)
	clicks := 0.0
	for _, y := range r.train.clicked {
		clicks += float64(y) / float64(len(r.train.clicked))
	}
	if clicks < .3 || clicks > .4 {
		t.Errorf("%.3f clicks an impression", clicks)
	}
	for i := range r.items() {
		if i < r.fresh && r.shown[i] > 0 {
			t.Fatalf("item %d is new, and was shown in training", i)
		}
	}
	for _, i := range r.cold.item {
		if int(i) >= r.fresh {
			t.Fatalf("item %d is among the new ones", i)
		}
	}
	tail := 0
	for _, i := range r.warm.item {
		if r.shown[i] <= 10 {
			tail++
		}
	}
	if share := float64(tail) / float64(len(r.warm.item)); share < .1 || share > .25 {
		t.Errorf("%.2f of the impressions are of rarely shown items", share)
	}
}
