package topics

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

var subjects = []string{"Gaussian splatting", "Speech recognition", "Auction design", "Protein folding", "Traffic forecasting"}

const dim = 16

// planted has n papers about the subjects above, around a centre each; the first
// grows from week to week at the others' cost.
func planted(n int) (Input, []int) {
	rng := random.New(3, 4)
	centres := make([]float32, len(subjects)*dim)
	random.Normal(rng, centres, 1)
	vector.NormalizeRows(centres, dim)
	in := Input{Dim: dim, Seed: 1}
	truth := make([]int, n)
	v := make([]float32, dim)
	for i := range n {
		week := i * 40 / n
		k := subject(rng, week)
		truth[i] = k
		random.Normal(rng, v, .1)
		vector.AddScaled(v, 1, centres[k*dim:(k+1)*dim])
		vector.Normalize(v)
		in.Vectors = append(in.Vectors, v...)
		in.Titles = append(in.Titles, fmt.Sprintf("A new approach to %s with model %d", subjects[k], i))
		in.Days = append(in.Days, offprint.NewDate(2026, 1, 5)+offprint.Date(7*week+i%7))
	}
	return in, truth
}

func subject(rng *rand.Rand, week int) int {
	if rng.Float64() < .1+.01*float64(week) {
		return 0
	}
	return 1 + rng.IntN(len(subjects)-1)
}

func find(t *testing.T, in Input) *Model {
	t.Helper()
	m, err := Find(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFindIsDeterministic(t *testing.T) {
	in, _ := planted(600)
	if a, b := find(t, in), find(t, in); !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
}

func TestFindRefuses(t *testing.T) {
	in, _ := planted(FewestPapers - 1)
	if _, err := Find(t.Context(), in); offprint.KindOf(err) != offprint.KindInvalid {
		t.Error(err)
	}
	in.Titles = in.Titles[1:]
	if _, err := Find(t.Context(), in); err == nil {
		t.Error("a title may be missing")
	}
}

func TestFile(t *testing.T) {
	in, _ := planted(400)
	m := find(t, in)
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatal(n, b.Len(), err)
	}
	file := b.Bytes()
	back, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, back) {
		t.Error("what is read differs from what was written")
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
		if m, err := Read(bytes.NewReader(file)); err == nil {
			m.Assign(make([]float32, m.Dim))
		}
	})
}
