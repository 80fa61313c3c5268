package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/offprint/offprint/methods/vector"
)

// direction is a random vector whose numbers become smaller, as those of nested
// vectors do.
func direction(rng *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for j := range v {
		v[j] = float32(rng.NormFloat64() / math.Pow(1+float64(j), .25))
	}
	vector.Normalize(v)
	return v
}

func fill(t testing.TB, dim, n int) *Index {
	x, err := New(dim, "e")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		if err := x.Add(int64(3*i+1), direction(rng, dim)); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func TestAVectorComesBackNearlyAsItWas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{1, 2, 63, 64, 93, 94, 95, 123, 124, 125, 126, 188, 189, 252, 384} {
		x, err := New(dim, "")
		if err != nil {
			t.Fatal(err)
		}
		v := direction(rng, dim)
		longer := append(slices.Clone(v), 7)
		if err := x.Add(5, longer); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, dim)
		if !x.Vector(5, got) || x.Vector(6, got[:0:0]) {
			t.Fatal("there, and not there")
		}
		if length := vector.Norm(got); math.Abs(float64(length)-1) > 2e-4 {
			t.Errorf("%d: length %v", dim, length)
		}
		if c := vector.Dot(got, v); c < .97 {
			t.Errorf("%d: cosine with what was added %v", dim, c)
		}
	}
}

func TestKeptIsAnEighth(t *testing.T) {
	for dim, want := range map[int]int{8: 8, 64: 64, 128: 124, 192: 188, 256: 252, 512: 252} {
		x, err := New(Kept(dim), "")
		if err != nil {
			t.Fatal(err)
		}
		if x.Dim() != want || dim >= 128 && 8*x.RowBytes() > 4*dim {
			t.Errorf("%d of %d in %d bytes", x.Dim(), dim, x.RowBytes())
		}
	}
}

// brute ranks all decoded rows.
func brute(x *Index, q []float32, k int, keep func(int64) bool) []Hit {
	q = slices.Clone(q[:x.dim])
	vector.Normalize(q)
	var hits []Hit
	v := make([]float32, x.dim)
	for _, id := range x.IDs() {
		if keep == nil || keep(id) {
			x.Vector(id, v)
			hits = append(hits, Hit{id, vector.Dot(q, v)})
		}
	}
	slices.SortFunc(hits, better)
	return hits[:min(k, len(hits))]
}

func TestSearchIsThatOfAllRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	odd := func(id int64) bool { return id%2 == 1 }
	for _, dim := range []int{3, 124, 252} {
		for _, n := range []int{0, 1, 511, 512, 513, 3000} {
			x := fill(t, dim, n)
			for _, keep := range []func(int64) bool{nil, odd} {
				for _, k := range []int{1, 10, 5000} {
					q := direction(rng, dim)
					if n > 0 && k == 10 { // what real ones are like: near to something
						x.Vector(x.IDs()[0], q)
					}
					got, err := x.Search(q, k, keep)
					if err != nil {
						t.Fatal(err)
					}
					want := brute(x, q, k, keep)
					if !slices.Equal(got, want) {
						t.Fatalf("dim %d, n %d, k %d: %v, not %v", dim, n, k, got, want)
					}
				}
			}
		}
	}
}

func TestScores(t *testing.T) {
	x := fill(t, 100, 40)
	q := direction(rand.New(rand.NewPCG(1, 4)), 100)
	scores, err := x.Scores(q, []int64{4, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range brute(x, q, 40, nil) {
		if h.ID == 4 && scores[0] != h.Score || h.ID == 1 && scores[2] != h.Score {
			t.Errorf("%v, but %v", scores, h)
		}
	}
	if scores[1] != 0 {
		t.Errorf("a paper that is not there has %v", scores[1])
	}
}

func TestBadVectors(t *testing.T) {
	x := fill(t, 4, 1)
	nan := float32(math.NaN())
	if x.Add(1, []float32{1, 2, 3}) == nil || x.Add(1, []float32{1, 2, nan, 4}) == nil {
		t.Error("a bad vector was added")
	}
	if _, err := x.Search([]float32{1}, 1, nil); err == nil {
		t.Error("a short query was searched")
	}
	if _, err := x.Scores([]float32{nan, 1, 1, 1}, nil); err == nil {
		t.Error("a query that is not a number was scored")
	}
	if hits, err := x.Search(make([]float32, 4), 1, nil); err != nil || len(hits) > 0 {
		t.Error(hits, err)
	}
	for _, dim := range []int{0, mostDims + 1} {
		if _, err := New(dim, ""); err == nil {
			t.Error(dim)
		}
	}
}

// TestLikeAMap does to an index and a map the same at random.
func TestLikeAMap(t *testing.T) {
	const dim = 70
	x := fill(t, dim, 0)
	rng := rand.New(rand.NewPCG(1, 5))
	all := map[int64][]float32{}
	stale := map[int64]bool{}
	for range 6000 {
		id := int64(rng.IntN(1500))
		switch r := rng.IntN(1000); {
		case r < 600:
			all[id] = direction(rng, dim)
			delete(stale, id)
			if err := x.Add(id, all[id]); err != nil {
				t.Fatal(err)
			}
		case r < 997:
			x.Remove(id)
			delete(all, id)
			delete(stale, id)
		default:
			x.Replace(x.Encoder() + "'")
			for id := range all {
				stale[id] = true
			}
		}
	}
	if x.Len() != len(all) || x.StaleLen() != len(stale) {
		t.Fatalf("%d and %d stale, not %d and %d", x.Len(), x.StaleLen(), len(all), len(stale))
	}
	ids := x.IDs()
	slices.Sort(ids)
	if !slices.Equal(ids, slices.Sorted(maps.Keys(all))) {
		t.Error("other papers")
	}
	old := x.Stale(1 << 30)
	slices.Sort(old)
	if !slices.Equal(old, slices.Sorted(maps.Keys(stale))) {
		t.Error("other stale papers")
	}
	got := make([]float32, dim)
	for id, v := range all {
		if !x.Has(id) || !x.Vector(id, got) || vector.Dot(got, v) < .97 {
			t.Fatalf("paper %d has another vector", id)
		}
	}
}

// TestASearchSeesOneMoment changes rows while others search: the race detector
// has its say, and no hit is of a row that is half of one vector and half of
// another.
func TestASearchSeesOneMoment(t *testing.T) {
	const dim, n = 70, 1500
	x := fill(t, dim, n)
	a, b := make([]float32, dim), make([]float32, dim)
	for j := range a {
		a[j], b[j] = 1, float32(1-j%2*2)
	}
	for id := range int64(n) {
		if err := x.Add(id, a); err != nil {
			t.Fatal(err)
		}
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				hits, err := x.Search(a, 50, nil)
				if err != nil {
					t.Error(err)
					return
				}
				for _, h := range hits {
					if h.Score < .999 && math.Abs(float64(h.Score)) > .01 {
						t.Errorf("a score of %v", h.Score)
						return
					}
				}
				if _, err := x.Scores(b, []int64{1, 2, 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 6))
	for range 1500 {
		id := int64(rng.IntN(n))
		if v := [][]float32{a, b, nil}[rng.IntN(3)]; v == nil {
			x.Remove(id)
		} else if err := x.Add(id, v); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(200) == 0 {
			x.Replace(x.Encoder() + "'")
		}
	}
	done.Store(true)
	wg.Wait()
}

func TestFile(t *testing.T) {
	x := fill(t, 70, 1000)
	x.Replace("f")
	if err := x.Add(4, direction(rand.New(rand.NewPCG(1, 7)), 70)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "papers.index")
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for range 2 { // over the first one, too
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("left %v", files)
	}
	y, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if y.Len() != 1000 || y.Dim() != 70 || y.Encoder() != "f" || y.StaleLen() != 999 {
		t.Error(y.Len(), y.Dim(), y.Encoder(), y.StaleLen())
	}
	q := direction(rand.New(rand.NewPCG(1, 8)), 70)
	was, _ := x.Search(q, 20, nil)
	is, _ := y.Search(q, 20, nil)
	if !slices.Equal(was, is) {
		t.Error("other hits")
	}
	if x.Save(filepath.Join(t.TempDir(), "no", "such")) == nil {
		t.Error("saved to nowhere")
	}
}

func TestDamagedFiles(t *testing.T) {
	x := fill(t, 3, 5)
	var b bytes.Buffer
	if _, err := x.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for i := range whole {
		if _, err := Read(bytes.NewReader(whole[:i])); err == nil {
			t.Fatalf("cut off after %d bytes", i)
		}
		for bit := range 8 {
			damaged := slices.Clone(whole)
			damaged[i] ^= 1 << bit
			if _, err := Read(bytes.NewReader(damaged)); err == nil {
				t.Fatalf("bit %d of byte %d", bit, i)
			}
		}
	}
}

// FuzzRead gives each input the checksum that it would have to have.
func FuzzRead(f *testing.F) {
	for _, n := range []int{0, 1, 5} {
		x := fill(f, 3, n)
		var b bytes.Buffer
		if _, err := x.WriteTo(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes()[:b.Len()-4])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = binary.LittleEndian.AppendUint32(slices.Clip(data), crc32.Checksum(data, castagnoli))
		x, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		q := make([]float32, x.Dim())
		q[0] = 1
		got, err := x.Search(q, 3, nil)
		if want := brute(x, q, 3, nil); err != nil || !slices.Equal(got, want) {
			t.Error(got, want, err)
		}
		var b bytes.Buffer
		if _, err := x.WriteTo(&b); err != nil || !bytes.HasPrefix(data, b.Bytes()[:b.Len()-4]) {
			t.Error("written otherwise than read", err)
		}
	})
}
