// Package encode turns the texts of papers into vectors: texts about like things
// get vectors that point the same way.
//
// The encoder is small and learned from the records at hand ([Train]). A text's
// words and pairs of neighbouring words, weighted by TF-IDF, are x; a table E
// [words x Dim] has their vectors, and
//
//	z = E^T x / |E^T x|,   v = (z - mu) / |z - mu|,
//
// where mu is the mean of z over the records that it was trained on. Without
// it all papers look alike to a third: they are all scientific prose.
//
// A vector is nested (Matryoshka Representation Learning, methods/embed/mrl):
// its first coordinates, scaled to length 1 again, are a coarser vector of the
// same text.
package encode

import (
	"cmp"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/vector"
)

// Text is what is encoded of a paper. Any of it may be empty.
type Text struct {
	Title, Abstract string
	Comment         string // the authors' remarks, which may name a venue
}

// Encoder turns texts into vectors. It is safe for concurrent use.
type Encoder struct {
	dim   int
	words []string
	idf   []float32
	table []float32 // [words x dim]
	mean  []float32 // [dim]
	index map[string]int32
}

// Dim is the length of a vector.
func (e *Encoder) Dim() int { return e.dim }

// Words is the number of words, and pairs of words, that it knows.
func (e *Encoder) Words() int { return len(e.words) }

// Encode returns the vector of a text: Dim values, of length 1, or 0 for a text
// without any word that the encoder knows.
func (e *Encoder) Encode(t Text) []float32 {
	z := make([]float32, e.dim)
	for _, w := range e.weights(terms(t)) {
		vector.AddScaled(z, w.weight, e.table[int(w.word)*e.dim:(int(w.word)+1)*e.dim])
	}
	if vector.Normalize(z) == 0 {
		return z
	}
	vector.AddScaled(z, -1, e.mean)
	vector.Normalize(z)
	return z
}

// Word is a word, or a pair of words, of a text.
type Word struct {
	Text  string
	Share float32 // of the text's cosine with the query
}

// Explain returns those n words of a text that do most for its cosine with the
// query v, which is of length 1; the most first. Their shares and those of the
// other words sum to the cosine before the mean is taken off.
func (e *Encoder) Explain(t Text, v []float32, n int) []Word {
	z := make([]float32, e.dim)
	var words []Word
	for _, w := range e.weights(terms(t)) {
		row := e.table[int(w.word)*e.dim : (int(w.word)+1)*e.dim]
		vector.AddScaled(z, w.weight, row)
		words = append(words, Word{e.words[w.word], w.weight * vector.Dot(row, v)})
	}
	if length := vector.Norm(z); length > 0 {
		for i := range words {
			words[i].Share /= length
		}
	}
	slices.SortStableFunc(words, func(a, b Word) int { return descending(a.Share, b.Share) })
	return words[:min(n, len(words))]
}

func descending(a, b float32) int { return cmp.Compare(b, a) }

// terms are a text's words and its pairs of neighbouring words.
func terms(t Text) []string {
	words := text.Tokens(t.Title + " . " + t.Abstract)
	all := slices.Grow(words, len(words))
	for i := 1; i < len(words); i++ {
		all = append(all, words[i-1]+" "+words[i])
	}
	return all
}

type weighted struct {
	word   int32
	weight float32
}

// weights are the TF-IDF weights of the terms that the encoder knows, by word.
// Their length is not 1: the encoder scales later.
func (e *Encoder) weights(terms []string) []weighted {
	known := make([]int32, 0, len(terms))
	for _, t := range terms {
		if i, ok := e.index[t]; ok {
			known = append(known, i)
		}
	}
	slices.Sort(known)
	var ws []weighted
	for i := 0; i < len(known); {
		from := i
		for i < len(known) && known[i] == known[from] {
			i++
		}
		tf := float32(1 + math.Log(float64(i-from)))
		ws = append(ws, weighted{known[from], tf * e.idf[known[from]]})
	}
	return ws
}
