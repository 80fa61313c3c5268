package vecstore

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// vectors are unit vectors with a few strong directions.
func vectors(n, dim int, seed uint64) []float32 {
	rng := random.New(seed, 0)
	x := make([]float32, n*dim)
	for i := range x {
		x[i] = float32(rng.NormFloat64() / math.Sqrt(1+float64(i%dim)))
	}
	vector.NormalizeRows(x, dim)
	return x
}

func TestCodecs(t *testing.T) {
	const n, dim = 300, 32
	x := vectors(n, dim, 1)
	must := func(c Codec, err error) Codec {
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	int8Rows := must(NewUniformRows(dim, 8))
	for _, c := range []struct {
		name   string
		codec  Codec
		bytes  int
		most   float64 // mean squared error, of vectors of length 1
		stable bool    // a decoded vector has the same code again
	}{
		{"plain", Plain(dim), 128, 0, true},
		{"prefix", Prefix{Plain(8), dim}, 32, .5, true},
		{"int16", must(NewUniform(x, dim, 16)), 64, 1e-8, true},
		{"int8", must(NewUniform(x, dim, 8)), 32, 1e-3, true},
		{"int8 rows", int8Rows, 36, 5e-4, true},
		{"int4 rows", must(NewUniformRows(dim, 4)), 20, .1, true},
		{"odd int4 rows", Prefix{must(NewUniformRows(31, 4)), dim}, 20, .1, true},
		{"pq", must(NewPQ(t.Context(), x, dim, 8, 256, 10, random.New(1, 2))), 8, .05, true},
		{"half pq", must(NewPQ(t.Context(), x, dim, 8, 16, 10, random.New(1, 2))), 4, .4, true},
		{"svd", must(NewSVD(x, dim, dim)), 128, 1e-10, false},
		{"cut svd", must(NewSVD(x, dim, 8)), 32, .5, false},
		{"largest", must(NewLargest(dim, 8)), 40, .3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.codec.Bytes() != c.bytes || c.codec.Dim() != dim {
				t.Fatalf("%d bytes for %d numbers, want %d for %d", c.codec.Bytes(), c.codec.Dim(), c.bytes, dim)
			}
			codes, err := EncodeAll(c.codec, x)
			if err != nil {
				t.Fatal(err)
			}
			back, err := DecodeAll(c.codec, codes)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.
			for i, v := range back {
				sum += float64((v - x[i]) * (v - x[i]))
			}
			if sum/n > c.most {
				t.Errorf("mean squared error %.3g, want at most %.3g", sum/n, c.most)
			}
			if again, err := EncodeAll(c.codec, back); err != nil || c.stable && !bytes.Equal(again, codes) {
				t.Errorf("a decoded vector has another code (%v)", err)
			}
			if c.codec.Encode(make([]byte, c.bytes+1), x[:dim]) == nil || c.codec.Decode(make([]float32, dim-1), codes[:c.bytes]) == nil {
				t.Error("no error for wrong sizes")
			}
			zero := make([]float32, dim)
			code := make([]byte, c.bytes)
			if err := c.codec.Encode(code, zero); err != nil {
				t.Fatal(err)
			}
			if err := c.codec.Decode(zero, code); err != nil || slices.ContainsFunc(zero, func(v float32) bool { return v != v }) {
				t.Errorf("the zero vector becomes %v (%v)", zero, err)
			}
		})
	}
}

// With one part and a centre for each vector, nothing is lost.
func TestPQIsExactWithACentreEach(t *testing.T) {
	x := vectors(64, 8, 2)
	p, err := NewPQ(t.Context(), x, 8, 1, 64, 20, random.New(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := EncodeAll(p, x)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeAll(p, codes)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(back, x) {
		t.Error("the vectors are not their own centres")
	}
}

// A scan has the scores of the decoded vectors.
func TestScans(t *testing.T) {
	const n, dim = 200, 32
	x := vectors(n, dim, 3)
	q := vectors(1, dim, 4)
	one, err := NewUniform(x, dim, 8)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := NewUniformRows(dim, 8)
	if err != nil {
		t.Fatal(err)
	}
	pq, err := NewPQ(t.Context(), x, dim, 8, 64, 5, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	half, err := NewPQ(t.Context(), x, dim, 8, 16, 5, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	odd, err := NewPQ(t.Context(), x[:dim*50], 8, 1, 16, 5, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		Codec
		scan func(q []float32, codes []byte, k int) ([]Hit, error)
	}{{one, one.Scan}, {rows, rows.Scan}, {pq, pq.Scan}, {half, half.Scan}, {odd, odd.Scan}} {
		d := c.Dim()
		codes, err := EncodeAll(c.Codec, x)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeAll(c.Codec, codes)
		if err != nil {
			t.Fatal(err)
		}
		found, err := c.scan(q[:d], codes, 15)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 15 {
			t.Fatalf("%d hits, want 15", len(found))
		}
		for i, h := range found {
			if want := vector.Dot(q[:d], back[h.ID*d:]); math.Abs(float64(h.Score-want)) > 1e-3 {
				t.Errorf("score %v of vector %d, want %v", h.Score, h.ID, want)
			}
			if i > 0 && h.Score > found[i-1].Score {
				t.Error("the hits are not in order")
			}
		}
		if _, err := c.scan(q[:d-1], codes, 15); err == nil {
			t.Error("no error for a short query")
		}
		if none, err := c.scan(q[:d], nil, 3); err != nil || len(none) != 0 {
			t.Errorf("no codes: %v, %v", none, err)
		}
	}
	found, err := rows.Scan(q, nil, 3)
	if err != nil || found != nil {
		t.Errorf("no codes: %v, %v", found, err)
	}
}

// Blocks find what a scan of the codes finds, but for the rounding of the tables.
func TestBlocks(t *testing.T) {
	const n, dim, k = 200, 32, 15
	x := vectors(n, dim, 3)
	q := vectors(1, dim, 4)
	p, err := NewPQ(t.Context(), x, dim, 8, 13, 5, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := EncodeAll(p, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBlocks(p, codes)
	if err != nil {
		t.Fatal(err)
	}
	every, err := p.Scan(q, codes, n)
	if err != nil {
		t.Fatal(err)
	}
	score := map[int]float32{}
	for _, h := range every {
		score[h.ID] = h.Score
	}
	found, err := b.Scan(q, k)
	if err != nil || len(found) != k {
		t.Fatalf("%d hits, %v", len(found), err)
	}
	for i, h := range found {
		if math.Abs(float64(h.Score-score[h.ID])) > .02 {
			t.Errorf("score %v of vector %d, want %v", h.Score, h.ID, score[h.ID])
		}
		if i > 0 && h.Score > found[i-1].Score {
			t.Error("the hits are not in order")
		}
		if h.Score < every[k-1].Score-.02 {
			t.Errorf("vector %d has the score %v, the %d best have %v", h.ID, h.Score, k, every[k-1].Score)
		}
	}
	for _, k := range []int{-1, 0, 1, n, n + 5} {
		found, err := b.Scan(q, k)
		if err != nil || len(found) != min(n, max(0, k)) {
			t.Errorf("%d hits of %d, %v", len(found), k, err)
		}
	}
	if _, err := b.Scan(q[:3], 1); err == nil {
		t.Error("no error for a short query")
	}
	if _, err := NewBlocks(p, codes[1:]); err == nil {
		t.Error("no error for a part of a code")
	}
	whole, err := NewPQ(t.Context(), x, dim, 8, 17, 5, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewBlocks(whole, nil); err == nil {
		t.Error("no error for more than 16 centres")
	}
}

func TestTopSums(t *testing.T) {
	rng := random.New(1, 1)
	sums := make([]uint16, 300)
	for i := range sums {
		sums[i] = uint16(rng.IntN(40))
	}
	order := make([]int32, len(sums))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(sums[b]) - int(sums[a]) })
	for _, k := range []int{0, 1, 7, 150, 300} {
		if got := topSums(sums, 39, k); !slices.Equal(got, order[:k]) {
			t.Errorf("the first %d are %v, want %v", k, got, order[:k])
		}
	}
}

func TestRerank(t *testing.T) {
	rows := []float32{1, 0, 0, 1, .6, .8}
	got := Rerank([]float32{1, 0}, rows, []Hit{{1, 9}, {2, 8}, {0, 7}}, 2)
	if len(got) != 2 || got[0].ID != 0 || got[1].ID != 2 || got[1].Score != .6 {
		t.Errorf("%v", got)
	}
}

func TestCodecErrors(t *testing.T) {
	x := vectors(20, 8, 1)
	for name, f := range map[string]func() error{
		"bits":           func() error { _, err := NewUniformRows(8, 7); return err },
		"zeros":          func() error { _, err := NewUniform(make([]float32, 8), 8, 8); return err },
		"parts":          func() error { _, err := NewPQ(t.Context(), x, 8, 3, 4, 5, random.New(0, 0)); return err },
		"centres":        func() error { _, err := NewPQ(t.Context(), x, 8, 2, 300, 5, random.New(0, 0)); return err },
		"few vectors":    func() error { _, err := NewPQ(t.Context(), x, 8, 2, 64, 5, random.New(0, 0)); return err },
		"rank":           func() error { _, err := NewSVD(x, 8, 9); return err },
		"no vectors":     func() error { _, err := NewSVD(nil, 8, 2); return err },
		"keep":           func() error { _, err := NewLargest(8, 0); return err },
		"prefix":         func() error { return Prefix{Plain(9), 8}.Encode(make([]byte, 36), x[:8]) },
		"no rows":        func() error { _, err := EncodeAll(Plain(8), x[:7]); return err },
		"no codes":       func() error { _, err := DecodeAll(Plain(8), make([]byte, 7)); return err },
		"place":          func() error { l, _ := NewLargest(8, 1); return l.Decode(make([]float32, 8), []byte{0, 0, 0, 0, 8}) },
		"scan of 4 bits": func() error { u, _ := NewUniformRows(8, 4); _, err := u.Scan(x[:8], nil, 1); return err },
		"centre too high": func() error {
			p, _ := NewPQ(t.Context(), x, 8, 1, 20, 5, random.New(0, 0))
			return p.Decode(make([]float32, 8), []byte{20})
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Codes come from a store, and may be damaged.
func FuzzDecode(f *testing.F) {
	x := vectors(40, 8, 1)
	uniform, _ := NewUniformRows(8, 4)
	pq, _ := NewPQ(f.Context(), x, 8, 2, 20, 5, random.New(0, 0))
	half, _ := NewPQ(f.Context(), x, 8, 4, 9, 5, random.New(0, 0))
	largest, _ := NewLargest(8, 3)
	codecs := []Codec{Plain(8), uniform, pq, half, largest}
	for _, c := range codecs {
		code := make([]byte, c.Bytes())
		if err := c.Encode(code, x[:8]); err != nil {
			f.Fatal(err)
		}
		f.Add(code)
	}
	f.Fuzz(func(_ *testing.T, code []byte) {
		v := make([]float32, 8)
		for _, c := range codecs {
			_ = c.Decode(v, code) // an error or a vector, no panic
		}
	})
}
