package semid

import (
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// skewed draws IDs whose codes are not equally likely, with Zipf weights.
func skewed(n, levels, codes int, seed uint64) (ids [][]uint16, weight []float64) {
	rng := random.New(seed, 0)
	by := random.NewChooser(random.Zipf(codes, 1))
	for range n {
		id := make([]uint16, levels)
		for l := range id {
			id[l] = uint16(by.Draw(rng))
		}
		ids = append(ids, id)
	}
	for _, w := range random.Zipf(n, 1) {
		weight = append(weight, math.Ceil(w*10*float64(n)))
	}
	return ids, weight
}

func TestViterbi(t *testing.T) {
	// Codes a, b, c; pieces a, b, c, ab, bc, abc.
	logp := []float64{math.Log(.2), math.Log(.1), math.Log(.3), math.Log(.05), math.Log(.15), math.Log(.03)}
	number := map[[2]int]int32{{0, 1}: 0, {1, 2}: 1, {2, 3}: 2, {0, 2}: 3, {1, 3}: 4, {0, 3}: 5}
	parts := runs(3, func(from, to int) int32 { return number[[2]int{from, to}] })
	for _, c := range []struct {
		without int32
		p       float64
		cuts    []int
	}{
		{-1, .2 * .15, []int{1, 3}}, // a bc, equal to abc as a number, and shorter pieces only if they are better
		{4, .03, []int{3}},
		{5, .2 * .15, []int{1, 3}},
	} {
		score, cut := viterbi(3, parts, logp, c.without)
		if math.Abs(score-math.Log(c.p)) > 1e-12 {
			t.Errorf("without %d: probability %v, want %v", c.without, math.Exp(score), c.p)
		}
		var cuts []int
		for from := 0; from < 3; from = cut[from] {
			cuts = append(cuts, cut[from])
		}
		if c.without != -1 && !slices.Equal(cuts, c.cuts) {
			t.Errorf("without %d: cuts %v, want %v", c.without, cuts, c.cuts)
		}
	}
}

// Viterbi finds the best of all segmentations.
func TestViterbiIsExhaustive(t *testing.T) {
	rng := random.New(7, 0)
	for range 200 {
		n := 1 + rng.IntN(7)
		logp := make([]float64, n*n)
		for i := range logp {
			logp[i] = -10 * rng.Float64()
		}
		parts := runs(n, func(from, to int) int32 {
			if rng.IntN(3) == 0 {
				return -1
			}
			return int32(run(n, from, to))
		})
		best := math.Inf(-1)
		for mask := range 1 << (n - 1) { // bit i: a cut after code i
			sum, from := 0.0, 0
			for to := 1; to <= n; to++ {
				if to < n && mask>>(to-1)&1 == 0 {
					continue
				}
				lp := math.Inf(-1)
				if p := parts[run(n, from, to)]; p >= 0 {
					lp = logp[p]
				}
				if to == from+1 {
					lp = max(lp, unseenLogP)
				}
				sum += lp
				from = to
			}
			best = max(best, sum)
		}
		if got, _ := viterbi(n, parts, logp, -1); math.Abs(got-best) > 1e-9 {
			t.Fatalf("%d codes: best %v, want %v", n, got, best)
		}
	}
}

func TestPiecesConcatenateToTheID(t *testing.T) {
	ids, weight := skewed(500, 4, 12, 1)
	s, err := TrainSPM(ids, weight, 120)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows() > 121 {
		t.Errorf("%d rows, want at most 121", s.Rows())
	}
	fresh, _ := skewed(200, 4, 20, 2) // with codes that training did not see
	for _, id := range append(ids, fresh...) {
		segments, rows := s.Segments(id), s.Split(id)
		if got := slices.Concat(segments...); !slices.Equal(got, id) {
			t.Fatalf("pieces %v of %v", segments, id)
		}
		if len(rows) != len(segments) {
			t.Fatalf("%d rows for %d pieces", len(rows), len(segments))
		}
		for _, r := range rows {
			if int(r) >= s.Rows() {
				t.Fatalf("row %d of %d", r, s.Rows())
			}
		}
	}
}

func TestSmallVocabularyIsSingleCodes(t *testing.T) {
	ids, weight := skewed(300, 3, 8, 1)
	s, err := TrainSPM(ids, weight, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if got := s.Segments(id); len(got) != 3 {
			t.Fatalf("%v has the pieces %v", id, got)
		}
	}
}

func TestPopularItemIsOnePiece(t *testing.T) {
	ids, weight := skewed(300, 4, 8, 1)
	weight[137] = 1e6
	s, err := TrainSPM(ids, weight, 60)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Segments(ids[137]); len(got) != 1 {
		t.Errorf("the item that is shown always has the pieces %v", got)
	}
}

// The same code means something else at another level.
func TestCodesCarryTheirLevel(t *testing.T) {
	s, err := TrainSPM([][]uint16{{1, 1}, {2, 1}, {1, 2}}, []float64{1, 1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if rows := s.Split([]uint16{1, 1}); rows[0] == rows[1] {
		t.Errorf("rows %v", rows)
	}
	if a, b := (NGram{N: 1, Rows: 1 << 30}).Split([]uint16{1, 1}), (Prefixes{Rows: 1 << 30}).Split([]uint16{1, 1}); a[0] == a[1] || b[0] == b[1] {
		t.Errorf("single codes %v, prefixes %v", a, b)
	}
}

func TestNGrams(t *testing.T) {
	id, other := []uint16{3, 1, 4, 1}, []uint16{3, 1, 5, 1}
	for n := 1; n <= 5; n++ {
		g := NGram{N: n, Rows: 1 << 30, Seed: 1}
		a, b := g.Split(id), g.Split(other)
		if len(a) != max(0, 5-n) {
			t.Fatalf("%d-grams of four codes: %d", n, len(a))
		}
		for l := range a {
			if same := slices.Equal(id[l:l+n], other[l:l+n]); same != (a[l] == b[l]) {
				t.Errorf("%d-grams at level %d: %d and %d", n, l, a[l], b[l])
			}
		}
	}
	a, b := Prefixes{Rows: 1 << 30}.Split(id), Prefixes{Rows: 1 << 30}.Split(other)
	if len(a) != 4 || a[0] != b[0] || a[1] != b[1] || a[2] == b[2] || a[3] == b[3] {
		t.Errorf("prefixes %v and %v", a, b)
	}
}

func TestTrainSPMRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		ids    [][]uint16
		weight []float64
	}{
		"no IDs":          {nil, nil},
		"a weight short":  {[][]uint16{{1}, {2}}, []float64{1}},
		"uneven IDs":      {[][]uint16{{1, 2}, {2}}, []float64{1, 1}},
		"empty IDs":       {[][]uint16{{}}, []float64{1}},
		"negative weight": {[][]uint16{{1}}, []float64{-1}},
		"NaN":             {[][]uint16{{1}}, []float64{math.NaN()}},
	} {
		if _, err := TrainSPM(c.ids, c.weight, 10); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// IDs of any length and content can be split.
func FuzzSplit(f *testing.F) {
	ids, weight := skewed(100, 3, 5, 1)
	s, err := TrainSPM(ids, weight, 30)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{0, 1, 2})
	f.Add([]byte{9, 9, 9, 9, 9, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(64, len(b))]
		id := make([]uint16, len(b))
		for i, c := range b {
			id[i] = uint16(c)
		}
		if got := slices.Concat(s.Segments(id)...); !slices.Equal(got, id) {
			t.Errorf("%v has the pieces %v", id, got)
		}
	})
}

func BenchmarkTrainSPM(b *testing.B) {
	ids, weight := skewed(3200, 4, 64, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := TrainSPM(ids, weight, 1000); err != nil {
			b.Fatal(err)
		}
	}
}
