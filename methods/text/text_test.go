package text

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestTokens(t *testing.T) {
	got := Tokens("We propose GPT-4o-style, $x_1$ models: the K2 encoder (new)!")
	if want := []string{"gpt", "style", "k2", "encoder"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTFIDFByHand(t *testing.T) {
	docs := [][]string{{"cat", "cat", "dog"}, {"dog"}, {"dog", "emu"}}
	v := NewVocabulary(docs, 1, 10)
	if want := []string{"dog", "cat", "emu"}; !slices.Equal(v.Words, want) {
		t.Fatalf("words %q, want %q", v.Words, want)
	}
	cols, vals := v.TFIDF(docs).Row(0)
	cat, dog := (1+math.Log(2))*(math.Log(4.0/2)+1), 1.0
	n := math.Hypot(cat, dog)
	if !slices.Equal(cols, []int32{0, 1}) || math.Abs(float64(vals[0])-dog/n) > 1e-6 || math.Abs(float64(vals[1])-cat/n) > 1e-6 {
		t.Errorf("row 0: %v %v, want %v %v", cols, vals, dog/n, cat/n)
	}
	_, w := v.BM25(docs).Row(1)
	idf := math.Log(1 + .5/3.5)
	if want := idf * 2.2 / (1 + 1.2*(.25+.75*1/2)); math.Abs(float64(w[0])-want) > 1e-6 {
		t.Errorf("BM25 of dog in the second: %v, want %v", w[0], want)
	}
}

func TestVocabularyLimits(t *testing.T) {
	v := NewVocabulary([][]string{{"aa", "bb"}, {"aa"}}, 2, 10)
	if len(v.Words) != 1 || v.Words[0] != "aa" {
		t.Errorf("words %q, want aa alone", v.Words)
	}
	if m := v.TFIDF([][]string{{"zz"}}); m.NNZ() != 0 || m.Rows != 1 {
		t.Errorf("a text of unknown words: %+v", m)
	}
}

func ExampleVocabulary_TFIDF() {
	docs := [][]string{Tokens("graph neural networks"), Tokens("graph theory")}
	v := NewVocabulary(docs, 1, 100)
	m := v.TFIDF(docs)
	fmt.Println(m.Rows, m.Cols, v.Words[0])
	// Output: 2 4 graph
}
