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

func TestPlanted(t *testing.T) {
	in, truth := planted(1000)
	in.Abstracts = make([]string, len(in.Titles))
	m := find(t, in)
	found := make([]int, len(truth))
	for i := range found {
		var share float32
		if found[i], share = m.Assign(in.row(i)); share <= 0 || share > 1 {
			t.Fatalf("a share of %v", share)
		}
	}
	// 1,000 papers have seven topics: a subject may be in two, but no topic has two.
	var mixed int
	for k := range m.Topics {
		of := make(map[int]int)
		for i, f := range found {
			if f == k {
				of[truth[i]]++
			}
		}
		if len(of) > 1 {
			mixed++
		}
	}
	if mixed > 0 {
		t.Errorf("%d of %d topics are mixed", mixed, len(m.Topics))
	}
	names := make(map[string]bool)
	for _, topic := range m.Topics {
		if names[topic.Name] || topic.Name == "" {
			t.Errorf("the name %q", topic.Name)
		}
		names[topic.Name] = true
	}
	if !slices.ContainsFunc(m.Topics, func(x Topic) bool { return x.Name == "Gaussian splatting" }) {
		t.Errorf("names %v", names)
	}
	if topic, _ := m.Assign(make([]float32, dim)); topic != -1 {
		t.Error("a vector of zeros has a topic")
	}
	if topic, _ := m.Assign(make([]float32, dim-1)); topic != -1 {
		t.Error("a short vector has a topic")
	}
}

func TestTrend(t *testing.T) {
	rng := random.New(7, 8)
	weeks := make([]int32, 52)
	rising, flat := make([]int32, 52), make([]int32, 52)
	for w := range weeks {
		weeks[w] = 500
		for range weeks[w] {
			if rng.Float64() < .04*(1+float64(w)/52) {
				rising[w]++
			}
			if rng.Float64() < .04 {
				flat[w]++
			}
		}
	}
	m := &Model{Weekly: weeks, Topics: []Topic{{Weekly: rising}, {Weekly: flat}, {Weekly: make([]int32, 52)}}}
	m.trends()
	if got := m.Topics[0].Trend; !got.Rising || got.Falling || got.Change < 1.5 || got.Change > 2.5 {
		t.Errorf("what doubles in a year is %+v", got)
	}
	for _, topic := range m.Topics[1:] {
		if topic.Trend.Rising || topic.Trend.Falling {
			t.Errorf("what stays is %+v", topic.Trend)
		}
	}
	slices.Reverse(rising)
	m.trends()
	if got := m.Topics[0].Trend; !got.Falling || got.Change > .7 {
		t.Errorf("what halves in a year is %+v", got)
	}
}

func TestMonday(t *testing.T) {
	for d := offprint.NewDate(1969, 12, 1); d < offprint.NewDate(1970, 2, 1); d++ {
		m := monday(d)
		if m.Time().Weekday().String() != "Monday" || m > d || d-m > 6 {
			t.Errorf("the week of %v begins on %v", d, m)
		}
	}
}

func TestSlugsOutliveATraining(t *testing.T) {
	in, _ := planted(600)
	before := find(t, in)
	in.Seed, in.Previous = 2, before
	after := find(t, in)
	for _, topic := range after.Topics {
		old := before.BySlug(topic.Slug)
		if old < 0 {
			t.Errorf("%q is new", topic.Slug)
		} else if c := vector.Dot(topic.Centre, before.Topics[old].Centre); c < .9 {
			t.Errorf("%q is another topic now, the cosine %v away", topic.Slug, c)
		}
	}
}

func TestNames(t *testing.T) {
	for title, want := range map[string][]string{
		"3D Gaussian Splatting: A Survey":      {"3d", "3d gaussian", "3d gaussian splatting", "gaussian", "gaussian splatting", "splatting", "survey"},
		"A Novel Model":                        nil,
		"Learning the Mixture of Experts":      {"expert", "mixture", "mixture of expert"},
		"Scaling $x^2$ laws":                   {"law", "scaling"},
		"Towards Better Language Models":       nil,
		"Reinforcement Learning with Feedback": {"feedback", "reinforcement", "reinforcement learning"},
	} {
		var got []string
		for key := range phrasesOf(title) {
			got = append(got, key)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", title, got)
		}
	}
	if sayAlready([]string{"retrieval-augmented generation"}, []string{"RAG"}) != true || sayAlready([]string{"KV cache"}, []string{"RAG"}) {
		t.Error("initials")
	}
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
