package taxonomy

import (
	"bytes"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// planted has papers around a centre for each category.
func planted(t *testing.T, dim, each int, names ...string) (vectors []float32, categories [][]string) {
	t.Helper()
	rng := random.New(1, 2)
	centres := make([]float32, len(names)*dim)
	random.Normal(rng, centres, 1)
	v := make([]float32, dim)
	for range each {
		for k, name := range names {
			random.Normal(rng, v, .5)
			vector.AddScaled(v, 1, centres[k*dim:(k+1)*dim])
			vector.Normalize(v)
			vectors = append(vectors, v...)
			categories = append(categories, []string{name})
		}
	}
	return vectors, categories
}

func TestGuess(t *testing.T) {
	vectors, categories := planted(t, 16, 100, "cs.CL", "cs.CV", "math.CO")
	categories[0] = nil                      // a paper without one is left out
	categories[1] = []string{"68T50; I.2.7"} // and so is what is no category
	g, err := Train(t.Context(), vectors, 16, categories, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Categories(); !slices.Equal(got, []string{"math.CO", "cs.CL", "cs.CV"}) {
		t.Errorf("categories %v", got)
	}
	right := 0
	for i := 3; i < len(categories); i++ {
		if got := g.Guess(vectors[i*16 : (i+1)*16]); len(got) == 1 && got[0].Category == categories[i][0] {
			right++
		}
	}
	if right < 280 {
		t.Errorf("%d of 297 are right", right)
	}
	if got := g.Guess(make([]float32, 16)); got != nil {
		t.Errorf("a vector of zeros is %v", got)
	}
	if got := g.Guess(make([]float32, 3)); got != nil {
		t.Errorf("a short vector is %v", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"cs.CL", "cs.CL", 0}, {"cs.CL", "cs.CV", 2}, {"cs.CL", "eess.AS", 4}, {"gr-qc", "hep-th", 4}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%s to %s: %v", c.a, c.b, got)
		}
	}
}

// What is half of one category and half of others nearby is guessed to be near
// them, though a category farther off is the most probable.
func TestNearest(t *testing.T) {
	g := &Guesser{dim: 3, names: []string{"math.CO", "cs.CL", "cs.CV"}, weights: []float32{4, 0, 0, 0, 3.4, 0, 0, 0, 3.3}, bias: make([]float32, 3), offsets: make([]float32, 3)}
	v := []float32{.6, .6, .6}
	if got := g.Best(v); got.Category != "math.CO" {
		t.Errorf("the most probable is %v", got)
	}
	if err := g.measure(); err != nil {
		t.Fatal(err)
	}
	if got := g.Best(v); got.Category != "cs.CL" {
		t.Errorf("the nearest is %v", got)
	}
}

// Where a fifth of the newest papers are of another category than they look,
// guesses are about so sure.
func TestConfidence(t *testing.T) {
	vectors, categories := planted(t, 16, 500, "cs.CL", "cs.CV")
	for i := range categories {
		if i%10 < 2 {
			categories[i] = []string{map[string]string{"cs.CL": "cs.CV", "cs.CV": "cs.CL"}[categories[i][0]]}
		}
	}
	g, err := Train(t.Context(), vectors, 16, categories, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.
	for i := range categories {
		mean += float64(g.Best(vectors[i*16:(i+1)*16]).Confidence) / float64(len(categories))
	}
	if mean < .75 || mean > .85 {
		t.Errorf("confidence %v of what is right four times in five", mean)
	}
}

func TestTooFew(t *testing.T) {
	vectors, categories := planted(t, 8, 50, "cs.CL")
	if _, err := Train(t.Context(), vectors, 8, categories, Options{}); err == nil {
		t.Error("one category is enough")
	}
	if _, err := Train(t.Context(), vectors[1:], 8, categories, Options{}); err == nil {
		t.Error("vectors may be cut off")
	}
}

func TestFile(t *testing.T) {
	vectors, categories := planted(t, 8, 100, "cs.CL", "cs.CV")
	g, err := Train(t.Context(), vectors, 8, categories, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := g.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatal(n, b.Len(), err)
	}
	file := b.Bytes()
	back, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := back.Guess(vectors[:8]), g.Guess(vectors[:8]); !slices.Equal(got, want) {
		t.Errorf("read back, it guesses %v, not %v", got, want)
	}
	for cut := range file {
		if _, err := Read(bytes.NewReader(file[:cut])); err == nil {
			t.Fatalf("a file cut off at %d is read", cut)
		}
		altered := slices.Clone(file)
		altered[cut] ^= 4
		if _, err := Read(bytes.NewReader(altered)); err == nil {
			t.Fatalf("a file altered at %d is read", cut)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		if g, err := Read(bytes.NewReader(file)); err == nil {
			g.Guess(make([]float32, g.dim))
		}
	})
}
