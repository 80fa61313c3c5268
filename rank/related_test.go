package rank

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func authorsOf(t *testing.T, bylines ...Byline) *Authors {
	t.Helper()
	g, err := NewAuthors(t.Context(), bylines)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSharedAuthors(t *testing.T) {
	g := authorsOf(t,
		Byline{1, []string{"ada", "ben"}},
		Byline{2, []string{"ada", "ben"}},
		Byline{3, []string{"ben", "cyd", "", "ben"}},
		Byline{4, []string{"dan"}},
		Byline{5, nil},
		Byline{6, []string{"ben"}},
	)
	ada, ben, cyd := 1/math.Log(3), 1/math.Log(5), 1/math.Log(2)
	want := []Hit{
		{ID: 2, Score: 1},
		{ID: 6, Score: ben / math.Sqrt((ada+ben)*ben)},
		{ID: 3, Score: ben / math.Sqrt((ada+ben)*(ben+cyd))},
	}
	got := g.Shared(1, 10)
	if !slices.Equal(idsOf(got), idsOf(want)) {
		t.Fatalf("shared authors give %v, want %v", got, want)
	}
	for i := range got {
		if math.Abs(got[i].Score-want[i].Score) > 1e-12 {
			t.Errorf("paper %d has %v, want %v", got[i].ID, got[i].Score, want[i].Score)
		}
	}
	if got := g.Shared(1, 1); !slices.Equal(idsOf(got), []int64{2}) {
		t.Errorf("the first is %v", got)
	}
	for _, id := range []int64{4, 5, 99} {
		if got := g.Shared(id, 10); len(got) != 0 {
			t.Errorf("paper %d shares authors with %v", id, got)
		}
	}
	if got := g.Papers("ben"); !slices.Equal(got, []int64{1, 2, 3, 6}) {
		t.Errorf("the papers of ben are %v", got)
	}
	if got := g.Papers(""); got != nil {
		t.Errorf("nobody has the papers %v", got)
	}
}

func TestAuthorsDoNotDependOnOrder(t *testing.T) {
	bylines := []Byline{{1, []string{"a", "b"}}, {2, []string{"b", "c"}}, {3, []string{"c", "a"}}, {4, []string{"d"}}}
	want := authorsOf(t, bylines...)
	slices.Reverse(bylines)
	if got := authorsOf(t, bylines...); !reflect.DeepEqual(got, want) {
		t.Errorf("the graph is %+v, and the other way round %+v", want, got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewAuthors(ctx, bylines); err == nil {
		t.Error("a cancelled build goes on")
	}
}

func TestRelated(t *testing.T) {
	rng := random.New(3, 0)
	text, authors := someHits(rng, 15), someHits(rng, 15)
	only := func(got []RelatedPaper, from []Hit) (ids []int64) {
		for _, r := range got {
			if slices.ContainsFunc(from, func(h Hit) bool { return h.ID == r.ID }) {
				ids = append(ids, r.ID)
			}
		}
		return ids
	}
	if got := only(Related(text, authors, 0, 100), text); !slices.Equal(got, idsOf(text)) {
		t.Errorf("without weight for authors the order is %v, want that of the text, %v", got, idsOf(text))
	}
	if got := only(Related(text, authors, 1e6, 100), authors); !slices.Equal(got, idsOf(authors)) {
		t.Errorf("with all weight for authors the order is %v, want %v", got, idsOf(authors))
	}
	got := Related([]Hit{{ID: 1, Score: .8}, {ID: 2, Score: .4}}, []Hit{{ID: 3, Score: .5}, {ID: 2, Score: 1}}, .5, 2)
	if want := []RelatedPaper{{2, .9, .4, 1}, {1, .8, .8, 0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("related are %+v, want %+v", got, want)
	}
	if got := Related(nil, nil, 1, 5); len(got) != 0 {
		t.Errorf("nothing is related to %v", got)
	}
}

func TestNeighbours(t *testing.T) {
	// Two groups that write among themselves; bridge has written with both.
	var bylines []Byline
	id := int64(0)
	write := func(names ...string) {
		id++
		bylines = append(bylines, Byline{id, names})
	}
	for range 3 {
		write("ada", "ben", "cyd")
		write("xia", "yan", "zoe")
	}
	write("ben", "bridge")
	write("bridge", "xia")
	write("loner")
	g := authorsOf(t, bylines...)

	together, apart := g.Neighbours("ada", nil, 10)
	if len(together) != 2 || together[0].Name != "ben" || together[1].Name != "cyd" || together[0].Together != 3 || together[0].Papers != 4 {
		t.Errorf("ada has written with %+v", together)
	}
	if len(apart) != 1 || apart[0].Name != "bridge" || apart[0].Via != "ben" || apart[0].Together != 0 {
		t.Errorf("near ada, without a paper together, are %+v", apart)
	}
	_, apart = g.Neighbours("ada", []Hit{{ID: id, Score: .9}, {ID: 2, Score: .1}}, 10) // the loner's paper is the nearest
	if len(apart) != 5 || apart[0].Name != "loner" || apart[0].Text != 1 {
		t.Errorf("with text, near ada are %+v", apart)
	}
	if _, apart = g.Neighbours("ada", []Hit{{ID: id, Score: .9}, {ID: 2, Score: .1}}, 1); len(apart) != 1 {
		t.Errorf("asked for one, near ada are %+v", apart)
	}
	if a, b := g.Neighbours("nobody", nil, 5); a != nil || b != nil {
		t.Errorf("nobody has the neighbours %v, %v", a, b)
	}
}
