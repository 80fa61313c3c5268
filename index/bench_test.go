package index

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/offprint/offprint/methods/vector"
)

// papers is an index like one of papers, of a size, and queries like papers:
// directions around some hundred subjects.
func papers(b *testing.B, n int) (x *Index, queries [][]float32) {
	x, err := New(Dims, "")
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 1))
	subjects := make([][]float32, 300)
	for i := range subjects {
		subjects[i] = direction(rng, Dims)
	}
	noise := make([][]float32, 5000)
	for i := range noise {
		noise[i] = direction(rng, Dims)
	}
	paper := func() []float32 {
		v := slices.Clone(subjects[rng.IntN(len(subjects))])
		for range 3 {
			vector.AddScaled(v, .7, noise[rng.IntN(len(noise))])
		}
		return v
	}
	for i := range n {
		if err := x.Add(int64(i), paper()); err != nil {
			b.Fatal(err)
		}
	}
	for range 64 {
		queries = append(queries, paper())
	}
	return x, queries
}

var sizes = []int{54002, 1000000}

func BenchmarkSearch(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			x, queries := papers(b, n)
			for i := 0; b.Loop(); i++ {
				if _, err := x.Search(queries[i%len(queries)], 50, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloat32 is the scan that [Index.Search] saves: of vectors of 256
// float32, one gigabyte for a million.
func BenchmarkFloat32(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			const dim = 256
			vectors := make([]float32, n*dim)
			for i := range vectors {
				vectors[i] = float32(i % 7)
			}
			for b.Loop() {
				best := best{n: 50}
				for i := range n {
					if s := vector.Dot(vectors[:dim], vectors[i*dim:(i+1)*dim]); s > best.floor {
						best.add(Hit{int64(i), s})
					}
				}
			}
		})
	}
}

// BenchmarkScores ranks a day of 2,000 papers.
func BenchmarkScores(b *testing.B) {
	x, queries := papers(b, 54002)
	day := x.IDs()[50000:52000]
	for b.Loop() {
		if _, err := x.Scores(queries[0], day); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	x, queries := papers(b, 54002)
	for _, c := range []struct {
		name string
		to   int64
	}{{"new", 1 << 40}, {"again", 54002}} {
		b.Run(c.name, func(b *testing.B) {
			for i := int64(0); b.Loop(); i++ {
				if err := x.Add((c.to+i*7919)%c.to+c.to/1000000*i, queries[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSave(b *testing.B) {
	x, _ := papers(b, 54002)
	path := filepath.Join(b.TempDir(), "x")
	for b.Loop() {
		if err := x.Save(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	x, _ := papers(b, 54002)
	path := filepath.Join(b.TempDir(), "x")
	if err := x.Save(path); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(path); err != nil {
			b.Fatal(err)
		}
	}
}
