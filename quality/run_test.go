package quality

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all, err := Choose(nil)
	if err != nil || len(all) != len(Names()) {
		t.Errorf("%d sections of %d, %v", len(all), len(Names()), err)
	}
	some, err := Choose([]string{"questions", "tags"})
	if err != nil || len(some) != 2 || some[0].Name != "tags" {
		t.Errorf("%v %v", some, err)
	}
	if _, err := Choose([]string{"nothing"}); err == nil || !strings.Contains(err.Error(), "questions") {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	b := &Bench{Out: &out}
	ok := Section{Name: "one", What: "one", run: func(b *Bench, _ context.Context) error {
		b.Figure("a", "1", "< 2", true)
		b.Figure("b", "3", "< 2", false)
		b.Note("c", "4")
		return nil
	}}
	progress := func(float64, string) {}
	if err := b.Run(t.Context(), []Section{ok}, progress); err != nil {
		t.Fatal(err)
	}
	if b.Bars != 2 || b.Missed != 1 || len(b.Results) != 3 || b.Results[1].OK || b.Results[1].Section != "one" || !b.Results[2].OK {
		t.Errorf("%d bars, %d missed, %+v", b.Bars, b.Missed, b.Results)
	}
	broken := errors.New("broken")
	bad := Section{Name: "two", What: "two", run: func(*Bench, context.Context) error { return broken }}
	if err := b.Run(t.Context(), []Section{bad}, progress); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
