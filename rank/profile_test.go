package rank

import (
	"context"
	"fmt"
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

// anywhere returns n vectors [n x dim] of length 1 in all directions.
func anywhere(n, dim int) []float32 {
	v := make([]float32, n*dim)
	random.Normal(random.New(7, 7), v, 1)
	vector.NormalizeRows(v, dim)
	return v
}

func liked(vs ...[]float32) []Example {
	var out []Example
	for i, v := range vs {
		out = append(out, Example{ID: int64(i + 1), Vector: v, Weight: 1})
	}
	return out
}

func papersOf(vs ...[]float32) []Paper {
	var out []Paper
	for i, v := range vs {
		out = append(out, Paper{ID: int64(100 + i), Vector: v})
	}
	return out
}

func background(t testing.TB, n, dim int) *Background {
	t.Helper()
	b, err := NewBackground(context.Background(), anywhere(n, dim), dim)
	if err != nil {
		t.Fatal(err)
	}
	return b
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
	order := p.Order(papersOf(vs...))
	if order[0].ID != 100 {
		t.Errorf("the liked paper itself is not the first")
	}
	for i := 1; i < len(order); i++ {
		if order[i].Score.Value > order[i-1].Score.Value {
			t.Fatalf("place %d is better than the one before", i)
		}
	}
}

func TestTwoGroupsAreTwoInterests(t *testing.T) {
	examples := liked(slices.Concat(around(0, 6, 32, .1, 1), around(1, 4, 32, .1, 2))...)
	for _, b := range []*Background{nil, background(t, 2000, 32)} {
		p := NewProfile(examples, now, b)
		if len(p.Interests) != 2 || len(p.Interests[0].Examples) != 6 || len(p.Interests[1].Examples) != 4 {
			t.Fatalf("%d interests", len(p.Interests))
		}
		for axis := range 2 {
			if s := p.Score(around(axis, 1, 32, .05, 9)[0]); s.Interest != axis || s.Value < .5 {
				t.Errorf("a paper of %d has the score %v", axis, s)
			}
		}
	}
}

func TestManyGroupsAreAtMostEight(t *testing.T) {
	var vs [][]float32
	for axis := range 20 {
		vs = append(vs, around(axis, 3, 32, .02, 1)...)
	}
	if p := NewProfile(liked(vs...), now, nil); len(p.Interests) != interests {
		t.Errorf("%d interests, want %d", len(p.Interests), interests)
	}
}

func TestNobodyLikesNothing(t *testing.T) {
	for _, examples := range [][]Example{nil, {{ID: 1, Vector: around(0, 1, 8, .1, 1)[0], Weight: -1}}} {
		p := NewProfile(examples, now, nil)
		if s := p.Score(around(0, 1, 8, .1, 2)[0]); s.Interest != -1 || s.Value != 0 {
			t.Errorf("score %v", s)
		}
		if c := p.Order(papersOf(around(0, 2, 8, .1, 2)...)); len(c) != 2 || c[0].Score.Value != 0 {
			t.Errorf("order %v", c)
		}
	}
}

func TestHiddenPapersAreLowered(t *testing.T) {
	good, bad := around(0, 4, 16, .2, 1), around(1, 4, 16, .2, 2)
	examples := liked(good...)
	before := NewProfile(examples, now, nil).Score(bad[0])
	examples = append(examples, Example{ID: 9, Vector: bad[1], Weight: -1})
	p := NewProfile(examples, now, nil)
	if after := p.Score(bad[0]); after.Value >= before.Value {
		t.Errorf("hiding takes the score from %v to %v", before.Value, after.Value)
	}
	if len(p.Interests) != 1 || len(p.Interests[0].Examples) != 4 {
		t.Errorf("what is hidden is an interest")
	}
}

func TestOldExamplesFade(t *testing.T) {
	vs := around(0, 2, 16, .3, 1)
	examples := liked(vs...)
	examples[0].At, examples[1].At = now.Add(-halfLife), now
	p := NewProfile(examples, now, nil)
	if got := p.Interests[0].Examples; got[0].ID != 2 || got[0].Weight != 1 || math.Abs(float64(got[1].Weight)-.5) > 1e-6 {
		t.Errorf("weights %v and %v", got[0].Weight, got[1].Weight)
	}
	examples[1].At = now.Add(time.Hour) // a clock that runs ahead
	if got := NewProfile(examples, now, nil).Interests[0].Examples[0].Weight; got != 1 {
		t.Errorf("an example to come weighs %v", got)
	}
}

func TestProfileIsTheSameAgain(t *testing.T) {
	b := background(t, 2000, 32)
	var vs [][]float32
	for axis := range 3 {
		vs = append(vs, around(axis, 5, 32, .3, 1)...)
	}
	examples := liked(vs...)
	v := around(0, 1, 32, .5, 5)[0]
	want := NewProfile(examples, now, b).Score(v)
	slices.Reverse(examples)
	if got := NewProfile(examples, now, b).Score(v); got != want {
		t.Errorf("%v, and in another order %v", want, got)
	}
}

// Where papers lie in all directions alike there is nothing to whiten, and the
// calibrated score is the cosine.
func TestBackgroundOfAllDirectionsChangesNothing(t *testing.T) {
	const dim = 8
	var rows []float32
	for i := range 1600 {
		v := make([]float32, dim)
		v[i%dim] = 1
		rows = append(rows, v...)
	}
	b, err := NewBackground(context.Background(), rows, dim)
	if err != nil {
		t.Fatal(err)
	}
	vs := around(0, 20, dim, .4, 1)
	p := NewProfile(liked(vs[0]), now, b)
	for _, v := range vs {
		if got, want := p.Score(v).Value, vector.Dot(vs[0], v); math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("score %v, want %v", got, want)
		}
	}
}

// Along an axis on which all papers differ a likeness says less.
func TestBackgroundTurnsDownWhatIsCommon(t *testing.T) {
	const dim = 8
	rows := anywhere(4000, dim)
	for i := 0; i < len(rows); i += dim {
		rows[i] *= 6
	}
	vector.NormalizeRows(rows, dim)
	b, err := NewBackground(context.Background(), rows, dim)
	if err != nil {
		t.Fatal(err)
	}
	example := make([]float32, dim)
	example[0], example[1] = math.Sqrt2/2, math.Sqrt2/2
	common, rare := make([]float32, dim), make([]float32, dim)
	common[0], rare[1] = 1, 1
	p := NewProfile(liked(example), now, b)
	if c, r := p.Score(common), p.Score(rare); c.Value >= r.Value {
		t.Errorf("common %v, rare %v", c.Value, r.Value)
	}
}

func TestProfileLeansTowardsNearPapers(t *testing.T) {
	b := background(t, 2000, 16)
	v := around(0, 1, 16, 0, 1)[0]
	towards := around(3, 1, 16, 0, 1)[0]
	before := NewProfile(liked(v), now, b).Score(towards)
	b.Near = func(_ []float32, n int) [][]float32 {
		if n != nearPapers {
			t.Errorf("%d near papers are asked for", n)
		}
		return [][]float32{towards}
	}
	if after := NewProfile(liked(v), now, b).Score(towards); after.Value <= before.Value+.1 {
		t.Errorf("score %v, and %v before", after.Value, before.Value)
	}
}

func TestBackgroundErrors(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, f := range map[string]func() (*Background, error){
		"few":       func() (*Background, error) { return NewBackground(context.Background(), anywhere(10, 8), 8) },
		"ragged":    func() (*Background, error) { return NewBackground(context.Background(), anywhere(2000, 8)[1:], 8) },
		"no dim":    func() (*Background, error) { return NewBackground(context.Background(), nil, 0) },
		"zeros":     func() (*Background, error) { return NewBackground(context.Background(), make([]float32, 8000), 8) },
		"cancelled": func() (*Background, error) { return NewBackground(cancelled, anywhere(2000, 8), 8) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAuthors(t *testing.T) {
	b := background(t, 2000, 16)
	v := around(0, 1, 16, 0, 1)[0]
	b.Earlier = func(author int32, q []float32) (float32, int) {
		switch author {
		case 1: // wrote what the reader likes
			return 2 * vector.Dot(q, v), 2
		case 2: // one of the reader's
			return 0, 1
		}
		return 0, 0
	}
	examples := liked(v)
	examples[0].Authors = []int32{2}
	same := around(1, 1, 16, .1, 3)[0]
	papers := papersOf(same, same, same, same)
	papers[1].Authors, papers[2].Authors, papers[3].Authors = []int32{1}, []int32{2}, []int32{1, 2}
	got := map[int64]Score{}
	for _, c := range NewProfile(examples, now, b).Order(papers) {
		got[c.ID] = c.Score
		if c.Score.Value != c.Score.Text+c.Score.Authors {
			t.Errorf("%d: %v is not the sum of its parts", c.ID, c.Score)
		}
	}
	for _, id := range []int64{101, 102} {
		if got[id].Authors <= 0 || got[100].Authors != 0 {
			t.Errorf("%d has %v for its authors, and nobody's paper %v", id, got[id].Authors, got[100].Authors)
		}
	}
	if got[101].Text != got[100].Text {
		t.Error("authors change the score of a text")
	}
}

func BenchmarkNewProfile(b *testing.B) {
	const dim = 256
	bg := background(b, 2000, dim)
	for _, n := range []int{10, 1000} {
		var vs [][]float32
		for i := range n {
			vs = append(vs, around(i%5, 1, dim, .15, uint64(i))...)
		}
		examples := liked(vs...)
		b.Run(fmt.Sprintf("examples=%d", n), func(b *testing.B) {
			for b.Loop() {
				NewProfile(examples, now, bg)
			}
		})
	}
}

func BenchmarkOrderDay(b *testing.B) {
	const dim = 256
	p := NewProfile(liked(slices.Concat(around(0, 5, dim, .1, 1), around(1, 5, dim, .1, 2))...), now, background(b, 2000, dim))
	day := papersOf(around(2, 1000, dim, .3, 3)...)
	for b.Loop() {
		Diverse(p.Order(day)[:200], 50, .1)
	}
}
