package rank

import (
	"cmp"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// someHits are hits with different scores, best first.
func someHits(rng *rand.Rand, n int) []Hit {
	var hits []Hit
	for _, id := range rng.Perm(2 * n)[:n] {
		hits = append(hits, Hit{ID: int64(id + 1), Score: .1 + rng.Float64()})
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits
}

func idsOf(hits []Hit) (ids []int64) {
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	return ids
}

func TestFuseAtTheEnds(t *testing.T) {
	rng := random.New(1, 0)
	for range 50 {
		words, meaning := someHits(rng, 20), someHits(rng, 20)
		for w, want := range map[float64][]Hit{0: words, 1: meaning[:len(meaning)-1]} { // the last is as good as those not found
			var got []int64
			for _, f := range Fuse(words, meaning, w)[:len(want)] {
				got = append(got, f.ID)
			}
			if !slices.Equal(got, idsOf(want)) {
				t.Fatalf("weight %v has the order %v, want %v", w, got, idsOf(want))
			}
		}
	}
}

func TestFuseScores(t *testing.T) {
	got := Fuse([]Hit{{ID: 1, Score: 8}, {ID: 2, Score: 4}}, []Hit{{ID: 2, Score: .9}, {ID: 3, Score: .7}, {ID: 4, Score: .5}}, .25)
	want := []Fused{
		{ID: 1, Score: .75, Words: 1, FromWords: true},
		{ID: 2, Score: .75*.5 + .25, Words: .5, Meaning: 1, FromWords: true, FromMeaning: true},
		{ID: 3, Score: .125, Meaning: .5, FromMeaning: true},
		{ID: 4, FromMeaning: true},
	}
	for i := range got {
		got[i].Score, got[i].Meaning = math.Round(got[i].Score*1e9)/1e9, math.Round(got[i].Meaning*1e9)/1e9
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("fused\n%+v, want\n%+v", got, want)
	}
}

func TestFuseIsTotal(t *testing.T) {
	rng := random.New(2, 0)
	words, meaning := someHits(rng, 30), someHits(rng, 30)
	for i := range words {
		words[i].Score = math.Round(4*words[i].Score) / 4 // many ties
		meaning[i].Score = math.Round(4*meaning[i].Score) / 4
	}
	words = append(words, Hit{ID: 999, Score: math.NaN()}, Hit{ID: 998, Score: math.Inf(1)}, Hit{ID: words[0].ID})
	want := Fuse(words, meaning, .3)
	seen := make(map[int64]bool)
	for i, f := range want {
		if seen[f.ID] || !(f.Score >= 0 && f.Score <= 1) || f.ID == 998 || f.ID == 999 {
			t.Errorf("%+v is twice there or out of bounds", f)
		}
		seen[f.ID] = true
		if i > 0 && (f.Score > want[i-1].Score || f.Score == want[i-1].Score && f.Words == want[i-1].Words && f.ID > want[i-1].ID) {
			t.Errorf("%+v comes after %+v", f, want[i-1])
		}
	}
	for range 20 {
		rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		rng.Shuffle(len(meaning), func(i, j int) { meaning[i], meaning[j] = meaning[j], meaning[i] })
		if got := Fuse(words, meaning, .3); !reflect.DeepEqual(got, want) {
			t.Fatal("another order of the lists gives another order of the papers")
		}
	}
}

func TestFuseOfNothing(t *testing.T) {
	if got := Fuse(nil, nil, .5); len(got) != 0 {
		t.Errorf("nothing fused is %v", got)
	}
	if got := Fuse(nil, []Hit{{ID: 7, Score: .2}}, .5); len(got) != 1 || got[0].Score != .5 || got[0].FromWords {
		t.Errorf("one hit by meaning is %+v", got)
	}
}
