package encode

import (
	"slices"
	"strings"

	"github.com/offprint/offprint/methods/vector"
)

// Neighbours are a word and the words, or pairs of words, nearest to it.
type Neighbours struct {
	Word string
	Near []string // the nearest first
}

// String returns the likes of "diffusion: denoising, score-based".
func (n Neighbours) String() string { return n.Word + ": " + strings.Join(n.Near, ", ") }

const (
	candidates = 400  // words that examples are taken from, the most frequent
	searched   = 6000 // words that neighbours are looked for in
	nearest    = 5    // neighbours of a word
)

// Learned returns n frequent words with their nearest, as examples of what the
// encoder has learned: those that have the closest neighbours, and no neighbour
// in common. Words that share a word with the example say nothing and are left
// out.
func (e *Encoder) Learned(n int) []Neighbours {
	m := min(searched, len(e.words))
	v := slices.Clone(e.table[:m*e.dim])
	vector.NormalizeRows(v, e.dim)
	for i := range m {
		vector.AddScaled(v[i*e.dim:(i+1)*e.dim], -1, e.mean)
	}
	vector.NormalizeRows(v, e.dim)

	type example struct {
		word  int
		near  []int
		close float32
	}
	var all []example
	cosines := make([]float32, m)
	for w := 0; w < m && len(all) < candidates; w++ {
		if strings.Contains(e.words[w], " ") {
			continue
		}
		for j := range m {
			cosines[j] = vector.Dot(v[w*e.dim:(w+1)*e.dim], v[j*e.dim:(j+1)*e.dim])
		}
		x := example{word: w}
		for len(x.near) < nearest {
			best := -1
			for j := range m {
				if (best < 0 || cosines[j] > cosines[best]) && !slices.Contains(x.near, j) && !slices.ContainsFunc(append(x.near, w), func(k int) bool { return e.alike(j, k) }) {
					best = j
				}
			}
			if best < 0 {
				break
			}
			x.near, x.close = append(x.near, best), x.close+cosines[best]
		}
		all = append(all, x)
	}
	slices.SortStableFunc(all, func(a, b example) int { return descending(a.close, b.close) })
	var out []Neighbours
	taken := map[int]bool{}
	for _, x := range all {
		if len(out) == n {
			break
		}
		if taken[x.word] || slices.ContainsFunc(x.near, func(j int) bool { return taken[j] }) {
			continue
		}
		taken[x.word] = true
		one := Neighbours{Word: e.words[x.word]}
		for _, j := range x.near {
			taken[j] = true
			one.Near = append(one.Near, e.words[j])
		}
		out = append(out, one)
	}
	return out
}

// alike says whether two of the encoder's words share a word, or one of them
// begins with the other, as plurals do.
func (e *Encoder) alike(i, j int) bool {
	for a := range strings.FieldsSeq(e.words[i]) {
		for b := range strings.FieldsSeq(e.words[j]) {
			if stem(a) == stem(b) {
				return true
			}
		}
	}
	return false
}

func stem(w string) string { return w[:min(len(w), 5)] }
