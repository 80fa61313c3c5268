// Package text turns texts into sparse vectors of word weights: tokens,
// vocabulary, TF-IDF and BM25. It is for learning and measuring; the service's
// own search is in package fulltext.
package text

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/offprint/offprint/methods/sparse"
)

// stop are words that say nothing about a paper, the usual phrases of
// abstracts among them.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
		a about above after again all also am an and any are as at be because been before being below between both but by
		can cannot could did do does doing down during each few for from further had has have having he her here hers him
		his how however i if in into is it its itself just may me might more most must my no nor not now of off on once only
		or other our ours out over own same shall she should so some such than that the their theirs them then there these
		they this those through thus to too under until up upon us very via was we were what when where whether which while
		who whom whose why will with within without would you your yours
		new novel propose proposed paper show results method methods approach model models based using`) {
		m[w] = true
	}
	return m
}()

// Tokens returns a text's words: lower case, a letter followed by letters and
// digits, at least two characters, without stop words.
func Tokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		if !isLetter(s[i]) {
			i++
			continue
		}
		j := i + 1
		for j < len(s) && (isLetter(s[j]) || s[j] >= '0' && s[j] <= '9') {
			j++
		}
		if j-i >= 2 {
			if w := strings.ToLower(s[i:j]); !stop[w] {
				out = append(out, w)
			}
		}
		i = j
	}
	return out
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// Vocabulary numbers the words of a collection and knows how common each is.
type Vocabulary struct {
	Words []string  // by document frequency, most first, then by alphabet
	DF    []int     // number of documents with the word
	IDF   []float64 // ln((N+1)/(DF+1)) + 1
	Docs  int       // N
	index map[string]int32
}

// NewVocabulary takes the words that are in at least minDF of the documents, at
// most limit of them, the most frequent first.
func NewVocabulary(docs [][]string, minDF, limit int) *Vocabulary {
	df := map[string]int{}
	for _, d := range docs {
		seen := map[string]bool{}
		for _, w := range d {
			if !seen[w] {
				seen[w] = true
				df[w]++
			}
		}
	}
	v := &Vocabulary{Docs: len(docs), index: map[string]int32{}}
	for w, n := range df {
		if n >= minDF {
			v.Words = append(v.Words, w)
		}
	}
	slices.SortFunc(v.Words, func(a, b string) int { return cmp.Or(cmp.Compare(df[b], df[a]), cmp.Compare(a, b)) })
	v.Words = v.Words[:min(limit, len(v.Words))]
	for i, w := range v.Words {
		v.index[w] = int32(i)
		v.DF = append(v.DF, df[w])
		v.IDF = append(v.IDF, math.Log(float64(v.Docs+1)/float64(df[w]+1))+1)
	}
	return v
}

// Index returns a word's number.
func (v *Vocabulary) Index(word string) (int32, bool) {
	i, ok := v.index[word]
	return i, ok
}

// TFIDF returns the documents' vectors as rows: (1 + ln tf) * idf, scaled to
// length 1. Words outside of the vocabulary are left out.
func (v *Vocabulary) TFIDF(docs [][]string) *sparse.Matrix {
	return v.matrix(docs, func(word int32, tf float64, _ int) float64 {
		return (1 + math.Log(tf)) * v.IDF[word]
	}, true)
}

// BM25 returns the documents' BM25 weights as rows, with the usual k1 = 1.2 and
// b = 0.75: the score of a query is the sum of a document's weights over the
// query's words (Robertson and Zaragoza, 2009).
func (v *Vocabulary) BM25(docs [][]string) *sparse.Matrix {
	const k1, b = 1.2, .75
	mean := 0.0
	for _, d := range docs {
		mean += float64(len(d)) / float64(len(docs))
	}
	return v.matrix(docs, func(word int32, tf float64, length int) float64 {
		idf := math.Log(1 + (float64(v.Docs)-float64(v.DF[word])+.5)/(float64(v.DF[word])+.5))
		return idf * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(length)/mean))
	}, false)
}

// matrix weighs each word of each document.
func (v *Vocabulary) matrix(docs [][]string, weight func(word int32, tf float64, length int) float64, unit bool) *sparse.Matrix {
	m := &sparse.Matrix{Rows: len(docs), Cols: len(v.Words), RowPtr: make([]int32, 1, len(docs)+1)}
	for _, d := range docs {
		tf := map[int32]float64{}
		for _, w := range d {
			if i, ok := v.index[w]; ok {
				tf[i]++
			}
		}
		start := len(m.Col)
		for i := range tf {
			m.Col = append(m.Col, i)
		}
		slices.Sort(m.Col[start:])
		norm := 0.0
		for _, i := range m.Col[start:] {
			x := weight(i, tf[i], len(d))
			norm += x * x
			m.Val = append(m.Val, float32(x))
		}
		if unit && norm > 0 {
			for k := start; k < len(m.Val); k++ {
				m.Val[k] = float32(float64(m.Val[k]) / math.Sqrt(norm))
			}
		}
		m.RowPtr = append(m.RowPtr, int32(len(m.Col)))
	}
	return m
}
