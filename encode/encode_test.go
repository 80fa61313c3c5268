package encode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// subjects makes texts of some subjects. Each has words of its own, of which a
// text has a few, among words that all texts share.
func subjects(n, each int, rng *rand.Rand) (texts []Text, subject []int) {
	draw := func(s, own, common int) string {
		var words []string
		for range own {
			words = append(words, fmt.Sprintf("own%cx%d", 'a'+s, rng.IntN(40)))
		}
		for range common {
			words = append(words, fmt.Sprintf("common%d", rng.IntN(60)))
		}
		rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		return strings.Join(words, " ")
	}
	for s := range n {
		for range each {
			texts, subject = append(texts, Text{Title: draw(s, 2, 3), Abstract: draw(s, 5, 25)}), append(subject, s)
		}
	}
	return texts, subject
}

func subjectTexts() []Text {
	texts, _ := subjects(8, 40, random.New(1, 0))
	return texts
}

var small = Config{Dim: 16, Words: 500, Epochs: 2, Batch: 32, Seed: 1}

func trained(t *testing.T, c Config) (*Encoder, []Text, []int) {
	t.Helper()
	texts, subject := subjects(8, 40, random.New(1, 0))
	e, report, err := Train(context.Background(), texts, c)
	if err != nil {
		t.Fatal(err)
	}
	if report.Texts != len(texts) || report.Words != e.Words() || len(report.Loss) != c.Epochs-c.Epoch {
		t.Errorf("report %+v", report)
	}
	return e, texts, subject
}

// precision is the share of each text's nearest five, at the first m
// coordinates, that have its subject.
func precision(e *Encoder, texts []Text, subject []int, m int) float64 {
	var v [][]float32
	for _, t := range texts {
		x := slices.Clone(e.Encode(t)[:m])
		vector.Normalize(x)
		v = append(v, x)
	}
	right := 0
	for i := range v {
		order := make([]int, 0, len(v))
		for j := range v {
			if j != i {
				order = append(order, j)
			}
		}
		slices.SortFunc(order, func(a, b int) int {
			return int(math.Copysign(1, float64(vector.Dot(v[i], v[b])-vector.Dot(v[i], v[a]))))
		})
		for _, j := range order[:5] {
			if subject[j] == subject[i] {
				right++
			}
		}
	}
	return float64(right) / float64(5*len(v))
}

func TestLikeTextsAreNear(t *testing.T) {
	e, _, _ := trained(t, small)
	fresh, subject := subjects(8, 10, random.New(2, 0))
	for m, want := range map[int]float64{4: .5, 16: .85} {
		if got := precision(e, fresh, subject, m); got < want {
			t.Errorf("of the nearest five at %d coordinates %.2f have the subject, want %.2f (chance is .11)", m, got, want)
		}
	}
}

func TestVectorsAreOfLengthOne(t *testing.T) {
	e, texts, _ := trained(t, small)
	for _, x := range append(texts[:5:5], Text{Title: "common1"}, Text{Abstract: "ownax1 ownax2"}) {
		if n := vector.Norm(e.Encode(x)); math.Abs(float64(n)-1) > 1e-5 {
			t.Errorf("%q has length %g", x, n)
		}
	}
	for _, x := range []Text{{}, {Title: "nothing known"}, {Abstract: "\xff\x00"}} {
		if v := e.Encode(x); len(v) != e.Dim() || vector.Norm(v) != 0 {
			t.Errorf("%q has the vector %v", x, v)
		}
	}
}

func TestExplainSumsToTheCosine(t *testing.T) {
	e, texts, _ := trained(t, small)
	q := e.Encode(texts[0])
	words := e.Explain(texts[1], q, math.MaxInt)
	sum := float32(0)
	for i, w := range words {
		sum += w.Share
		if i > 0 && w.Share > words[i-1].Share {
			t.Fatalf("word %d says more than the one before", i)
		}
	}
	z := make([]float32, e.dim)
	for _, w := range e.weights(terms(texts[1])) {
		vector.AddScaled(z, w.weight, e.table[int(w.word)*e.dim:(int(w.word)+1)*e.dim])
	}
	vector.Normalize(z)
	if want := vector.Dot(z, q); math.Abs(float64(sum-want)) > 1e-5 {
		t.Errorf("shares sum to %g, the cosine is %g", sum, want)
	}
	if top := e.Explain(texts[1], q, 2); !slices.Equal(top, words[:2]) {
		t.Errorf("the first two are %v, want %v", top, words[:2])
	}
}

func TestTrainingIsDeterministic(t *testing.T) {
	a, texts, _ := trained(t, small)
	b, _, _ := trained(t, small)
	if !slices.Equal(a.Encode(texts[3]), b.Encode(texts[3])) {
		t.Error("the same seed gives another encoder")
	}
}

func TestFingerprintTellsEncodersApart(t *testing.T) {
	a, _, _ := trained(t, small)
	b := *a
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("a copy has another fingerprint")
	}
	b.mean = slices.Clone(a.mean)
	b.mean[3] += 1e-6
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("another mean has the same fingerprint")
	}
}

func TestLearnedShowsWordsThatLieTogether(t *testing.T) {
	e := &Encoder{dim: 3, mean: make([]float32, 3)}
	for _, w := range []struct {
		word string
		v    [3]float32
	}{
		{"denoising", [3]float32{1, .1, 0}},
		{"diffusion", [3]float32{1, 0, 0}},
		{"diffusion process", [3]float32{1, 0, .01}},
		{"score", [3]float32{.9, .3, 0}},
		{"robot", [3]float32{0, 1, .2}},
		{"robots", [3]float32{0, 1, .2}},
		{"grasp", [3]float32{0, 1, .3}},
	} {
		e.words, e.table = append(e.words, w.word), append(e.table, w.v[:]...)
	}
	got := e.Learned(1)
	// A fifth neighbour would share a word with one of these.
	if want := "score: denoising, diffusion, robot, grasp"; len(got) != 1 || got[0].String() != want {
		t.Errorf("%v, want %v", got, want)
	}
	if _, report, err := Train(context.Background(), subjectTexts(), small); err != nil || len(report.Neighbours) == 0 {
		t.Errorf("the report has the examples %v, %v", report.Neighbours, err)
	}
}

func TestResumeGoesOn(t *testing.T) {
	texts, _ := subjects(8, 40, random.New(1, 0))
	stop := errors.New("stop")
	var file bytes.Buffer
	c := small
	c.Checkpoint = func(epoch int, e *Encoder) error {
		if epoch != 1 {
			t.Errorf("a checkpoint after epoch %d", epoch)
		}
		if _, err := e.WriteTo(&file); err != nil {
			return err
		}
		return stop
	}
	if _, _, err := Train(context.Background(), texts, c); !errors.Is(err, stop) {
		t.Fatalf("the checkpoint's error is lost: %v", err)
	}
	half, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(half.table)
	c = small
	c.Resume, c.Epoch = half, 1
	e, report, err := Train(context.Background(), texts, c)
	if err != nil || len(report.Loss) != 1 {
		t.Fatalf("report %+v, %v; want one epoch", report, err)
	}
	if slices.Equal(e.table, before) || !slices.Equal(half.table, before) {
		t.Error("want a new table, and the checkpoint's as it was")
	}
	c.Dim = 8
	if _, _, err := Train(context.Background(), texts, c); err == nil {
		t.Error("no error for a checkpoint of other dimensions")
	}
}

func TestTrainRefuses(t *testing.T) {
	texts, _ := subjects(8, 40, random.New(1, 0))
	if _, _, err := Train(context.Background(), texts[:20], small); err == nil {
		t.Error("no error for too few texts")
	}
	if _, _, err := Train(context.Background(), make([]Text, 100), small); err == nil {
		t.Error("no error for texts without words")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Train(ctx, texts, small); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled training ends with %v", err)
	}
}

func TestHalvesAreDisjoint(t *testing.T) {
	texts, _ := subjects(3, 20, random.New(1, 0))
	e, _, _ := trained(t, small)
	all := make([][]string, len(texts))
	for i, x := range texts {
		all[i] = terms(x)
	}
	x := e.matrix(all)
	rows := []int{4, 2, 30}
	a, b := halves(x, rows, random.New(3, 0))
	for i, r := range rows {
		ca, va := a.Row(i)
		cb, _ := b.Row(i)
		cols, _ := x.Row(r)
		both := append(slices.Clone(ca), cb...)
		slices.Sort(both)
		if !slices.Equal(both, cols) {
			t.Errorf("row %d: halves have %d and %d of %d words", r, len(ca), len(cb), len(cols))
		}
		if n := vector.Norm(va); math.Abs(float64(n)-1) > 1e-5 {
			t.Errorf("row %d: a half of length %g", r, n)
		}
	}
	picked := x.Select(rows)
	rest := without(picked, a)
	if !slices.Equal(rest.Col, b.Col) || !slices.Equal(rest.RowPtr, b.RowPtr) {
		t.Errorf("without one half %d words are left, want the other's %d", rest.NNZ(), b.NNZ())
	}
}

func TestReadRefusesDamage(t *testing.T) {
	e, texts, _ := trained(t, small)
	var file bytes.Buffer
	n, err := e.WriteTo(&file)
	if err != nil || n != int64(file.Len()) {
		t.Fatalf("%d bytes of %d, %v", n, file.Len(), err)
	}
	whole := file.Bytes()
	got, err := Read(bytes.NewReader(whole))
	if err != nil || !slices.Equal(got.Encode(texts[0]), e.Encode(texts[0])) {
		t.Fatalf("read back: %v, or another encoder", err)
	}
	rng := random.New(5, 0)
	for range 200 {
		bad := slices.Clone(whole)
		if at := rng.IntN(len(bad)); rng.IntN(2) == 0 {
			bad = bad[:at]
		} else {
			bad[at] ^= 1 << rng.IntN(8)
		}
		if _, err := Read(bytes.NewReader(bad)); err == nil {
			t.Fatal("a damaged file is read")
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(magic))
	f.Add([]byte(magic + "\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := Read(bytes.NewReader(data)); err == nil {
			e.Encode(Text{Title: "a"})
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	texts, _ := subjects(8, 40, random.New(1, 0))
	e, _, err := Train(context.Background(), texts, small)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		e.Encode(texts[i%len(texts)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "texts/s")
}
