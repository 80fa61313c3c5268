package rank

import (
	"slices"
	"testing"
)

// scored are choices of one interest in the order of their scores.
func scored(interest int, first float32, vs ...[]float32) []Choice {
	var out []Choice
	for i, v := range vs {
		out = append(out, Choice{ID: int64(1000*interest + i), Vector: v, Score: Score{Value: first - .01*float32(i), Interest: interest}})
	}
	return out
}

func choiceIDs(choices []Choice) []int64 {
	var ids []int64
	for _, c := range choices {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestDiverseWithoutWeightKeepsTheOrder(t *testing.T) {
	choices := append(scored(0, .9, around(0, 30, 32, .3, 1)...), scored(1, .5, around(1, 30, 32, .3, 2)...)...)
	if got, want := choiceIDs(Diverse(choices, 40, 0)), choiceIDs(choices[:40]); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDiverseParts(t *testing.T) {
	like := around(0, 2, 16, .1, 1)
	other := around(1, 1, 16, .1, 1)[0]
	choices := scored(0, .9, like[0], like[1], other)
	if got := choiceIDs(Diverse(choices, 3, .5)); !slices.Equal(got, []int64{0, 2, 1}) {
		t.Errorf("%v: the one that is unlike the first does not come second", got)
	}
}

func TestDiverseLeavesDoublesOut(t *testing.T) {
	vs := around(0, 2, 16, .4, 1)
	choices := scored(0, .9, vs[0], vs[0], vs[1])
	choices = append(choices, choices[2]) // and the same paper again
	if got := choiceIDs(Diverse(choices, 9, 0)); !slices.Equal(got, []int64{0, 2}) {
		t.Errorf("%v", got)
	}
}

func TestInterestsTakeTurns(t *testing.T) {
	choices := append(scored(0, .9, around(0, 60, 64, .3, 1)...), scored(1, .1, around(1, 20, 64, .3, 2)...)...)
	got := Diverse(choices, 40, .01)
	since := 0
	for k, c := range got {
		if since++; c.Score.Interest == 1 {
			since = 0
		}
		if since > 2*turn {
			t.Fatalf("place %d, and the second interest has had none for %d", k, since)
		}
	}
	for _, n := range []int{0, 1, 500} {
		if d := Diverse(choices, n, .1); len(d) != min(n, len(choices)) {
			t.Errorf("%d of %d", len(d), n)
		}
	}
	if d := Diverse(nil, 5, .1); len(d) != 0 {
		t.Errorf("%d of none", len(d))
	}
}
