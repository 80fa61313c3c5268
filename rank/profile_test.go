package rank

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// around returns n vectors of length 1 around one of the axes.
func around(axis, n, dim int, spread float64, seed uint64) [][]float32 {
	rng := random.New(seed, uint64(axis))
	var out [][]float32
	for range n {
		v := make([]float32, dim)
		random.Normal(rng, v, spread)
		v[axis]++
		vector.Normalize(v)
		out = append(out, v)
	}
	return out
}

func liked(vs ...[]float32) []Example {
	var out []Example
	for i, v := range vs {
		out = append(out, Example{ID: int64(i + 1), Vector: v, Weight: 1})
	}
	return out
}

var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func TestOneExampleOrdersByCosine(t *testing.T) {
	vs := around(0, 50, 16, .4, 1)
	p := NewProfile(liked(vs[0]), now, nil)
	if len(p.Interests) != 1 {
		t.Fatalf("one paper makes %d interests", len(p.Interests))
	}
	for _, v := range vs {
		if got, want := p.Score(v), vector.Dot(vs[0], v); math.Abs(float64(got.Value-want)) > 1e-6 || got.Interest != 0 {
			t.Errorf("score %v, want %v of 0", got, want)
		}
	}
}

func TestTwoGroupsAreTwoInterests(t *testing.T) {
	examples := liked(slices.Concat(around(0, 6, 32, .1, 1), around(1, 4, 32, .1, 2))...)
	p := NewProfile(examples, now, nil)
	if len(p.Interests) != 2 || len(p.Interests[0].Examples) != 6 || len(p.Interests[1].Examples) != 4 {
		t.Fatalf("%d interests", len(p.Interests))
	}
	for axis := range 2 {
		if s := p.Score(around(axis, 1, 32, .05, 9)[0]); s.Interest != axis || s.Value < .6 {
			t.Errorf("a paper of %d has the score %v", axis, s)
		}
	}
}

func TestNobodyLikesNothing(t *testing.T) {
	for _, examples := range [][]Example{nil, {{ID: 1, Vector: around(0, 1, 8, .1, 1)[0], Weight: -1}}} {
		p := NewProfile(examples, now, nil)
		if s := p.Score(around(0, 1, 8, .1, 2)[0]); s.Interest != -1 || s.Value != 0 {
			t.Errorf("score %v", s)
		}
	}
}
