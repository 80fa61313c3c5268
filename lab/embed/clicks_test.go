package embed

import (
	"errors"
	"slices"
	"testing"

	"github.com/offprint/offprint/dataset"
)

func TestClicks(t *testing.T) {
	c, err := loadClicks()
	if missing, ok := errors.AsType[*dataset.MissingError](err); ok {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{943, 1682, 14, 2, 21, 795, 72, 216}; !slices.Equal(c.sizes, want) {
		t.Errorf("values by field %v, want %v", c.sizes, want)
	}
	if len(c.train.liked) != 90570 || len(c.test.liked) != 9430 {
		t.Errorf("%d training and %d test impressions, want 90570 and 9430", len(c.train.liked), len(c.test.liked))
	}
	likes := 0.0
	for _, y := range c.train.liked {
		likes += float64(y) / float64(len(c.train.liked))
	}
	if likes < .54 || likes > .57 {
		t.Errorf("share of likes %.3f, want .55", likes)
	}
	at := c.offsets()
	for i, id := range c.train.ids {
		if f := i % len(c.fields); int(id) < at[f] || int(id) >= at[f]+c.sizes[f] {
			t.Fatalf("value %d of field %s is outside of its numbers", id, c.fields[f])
		}
	}
}
