package encode

import (
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

func TestAlignTurnsBackWhatWasTurned(t *testing.T) {
	e, texts, _ := trained(t, small)
	turned := *e // by a quarter in each plane of two neighbouring axes
	turned.table, turned.mean = slices.Clone(e.table), slices.Clone(e.mean)
	for _, rows := range [][]float32{turned.table, turned.mean} {
		for i := 0; i < len(rows); i += 2 {
			rows[i], rows[i+1] = -rows[i+1], rows[i]
		}
	}
	if c := vector.Dot(turned.Encode(texts[0]), e.Encode(texts[0])); c > .9 {
		t.Fatalf("the turned encoder is not: cosine %v", c)
	}
	back, err := turned.Align(e, texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts[:20] {
		if c := vector.Dot(back.Encode(text), e.Encode(text)); math.Abs(float64(c)-1) > 1e-4 {
			t.Fatalf("cosine %v", c)
		}
	}
}

func TestAlignKeepsCosinesAndReadsOldVectors(t *testing.T) {
	old, texts, subject := trained(t, small)
	c := small
	c.Seed = 9
	e, _, _ := trained(t, c)
	aligned, err := e.Align(old, texts)
	if err != nil {
		t.Fatal(err)
	}
	rng := random.New(1, 1)
	for range 50 {
		a, b := texts[rng.IntN(len(texts))], texts[rng.IntN(len(texts))]
		was, is := vector.Dot(e.Encode(a), e.Encode(b)), vector.Dot(aligned.Encode(a), aligned.Encode(b))
		if math.Abs(float64(was-is)) > 1e-4 {
			t.Fatalf("a cosine of %v became %v", was, is)
		}
	}
	// The nearest old vector of another text is of the same subject about as
	// often as the nearest new one.
	share := func(query, rows *Encoder) float64 {
		hits := 0
		vectors := make([][]float32, len(texts))
		for i, text := range texts {
			vectors[i] = rows.Encode(text)
		}
		for i, text := range texts {
			q, best, most := query.Encode(text), -1, float32(-2)
			for j, v := range vectors {
				if s := vector.Dot(q, v); j != i && s > most {
					best, most = j, s
				}
			}
			if subject[best] == subject[i] {
				hits++
			}
		}
		return float64(hits) / float64(len(texts))
	}
	if fresh, across := share(aligned, aligned), share(aligned, old); across < .9*fresh {
		t.Errorf("%.2f among old vectors, %.2f among new ones", across, fresh)
	}
}

func TestAlignNeeds(t *testing.T) {
	e, texts, _ := trained(t, small)
	if _, err := e.Align(e, texts[:e.Dim()-1]); err == nil {
		t.Error("aligned by too few texts")
	}
	other := *e
	other.dim--
	if _, err := e.Align(&other, texts); err == nil {
		t.Error("aligned with another dimension")
	}
}
