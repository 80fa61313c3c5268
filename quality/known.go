package quality

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/fulltext"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/rank"
)

const (
	knownBar       = 1.15 // times BM25's mean reciprocal rank
	knownQueries   = 500
	knownSentences = 4   // that an abstract has at least
	byWords        = 200 // papers that BM25 finds, to be ranked again
	byMeaning      = 100 // papers that are nearest in meaning, likewise
)

// passage is a known item: half of an abstract's sentences, and whose they are.
type passage struct {
	text  string
	paper int // place in Papers
}

// KnownItem measures search by a passage: half of an abstract's sentences is what
// is asked for, and of its paper only the other half is indexed, without the title.
func (b *Bench) KnownItem(ctx context.Context) error {
	b.Heading("Known item: half of an abstract asked for, the other half indexed")
	halves := make([]string, len(b.Papers))
	var passages []passage
	rng := random.New(b.Seed, 31)
	for i := range b.Papers {
		sentences := rank.Sentences(b.Papers[i].Abstract)
		var asked, indexed []string
		for k, s := range rng.Perm(len(sentences)) {
			if 2*k < len(sentences) {
				asked = append(asked, sentences[s])
			} else {
				indexed = append(indexed, sentences[s])
			}
		}
		halves[i] = strings.Join(indexed, " ")
		if i >= b.Test && len(sentences) >= knownSentences {
			passages = append(passages, passage{strings.Join(asked, " "), i})
		}
	}
	if len(passages) == 0 {
		b.Note("no abstract of the month has enough sentences", "")
		return nil
	}
	rng.Shuffle(len(passages), func(i, j int) { passages[i], passages[j] = passages[j], passages[i] })
	passages = passages[:min(knownQueries, len(passages))]

	learn := make([]string, b.Test)
	for i := range learn {
		learn[i] = b.Papers[i].Abstract
	}
	recurrence, err := rank.LearnRecurrence(ctx, learn, b.Seed)
	if err != nil {
		return err
	}
	for _, scope := range []struct {
		name string
		from int
		bar  bool
	}{{"all papers", 0, true}, {"the month's papers", b.Test, false}} {
		k, err := b.newKnown(ctx, halves[scope.from:], scope.from)
		if err != nil {
			return err
		}
		start := time.Now()
		got, err := k.measure(ctx, passages, recurrence)
		if err != nil {
			return err
		}
		b.Note(fmt.Sprintf("%d passages among %d, %s", len(passages), len(k.docs), scope.name), "MRR")
		b.Note("BM25, words", fmt.Sprintf("%.3f", got.words))
		b.Note("BM25, stems", fmt.Sprintf("%.3f", got.stems))
		b.Note("by meaning alone", fmt.Sprintf("%.3f", got.meaning))
		b.Note("words and meaning, as the search box has them", fmt.Sprintf("%.3f", got.fused))
		best := max(got.words, got.stems)
		if scope.bar {
			b.Figure("as a passage", fmt.Sprintf("%.3f", got.passage), fmt.Sprintf("%.3f", knownBar*best), got.passage >= knownBar*best)
		} else {
			b.Note("as a passage", fmt.Sprintf("%.3f", got.passage))
		}
		b.Note("as a passage / the better BM25", fmt.Sprintf("%.2f", got.passage/best))
		b.Note("time a passage, all five", (time.Since(start) / time.Duration(len(passages))).Round(time.Millisecond).String())
	}
	return nil
}

// known is what passages are looked for in.
type known struct {
	b       *Bench
	docs    []string
	from    int // place in Papers of the first
	words   bm25
	stems   bm25
	vectors []float32
}

func (b *Bench) newKnown(ctx context.Context, docs []string, from int) (*known, error) {
	k := &known{b: b, docs: docs, from: from, words: newBM25(docs, text.Tokens), stems: newBM25(docs, stemsOf)}
	for _, d := range docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k.vectors = append(k.vectors, b.Encoder.Encode(encode.Text{Abstract: d})...)
	}
	return k, nil
}

// reciprocals are mean reciprocal ranks.
type reciprocals struct{ words, stems, meaning, fused, passage float64 }

func (k *known) measure(ctx context.Context, passages []passage, recurrence *rank.Recurrence) (reciprocals, error) {
	each := make([]reciprocals, len(passages))
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				each[i] = k.one(passages[i], recurrence)
			}
		})
	}
	for i := range passages {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	var sum reciprocals
	n := float64(len(passages))
	for _, r := range each {
		sum.words, sum.stems, sum.meaning = sum.words+r.words/n, sum.stems+r.stems/n, sum.meaning+r.meaning/n
		sum.fused, sum.passage = sum.fused+r.fused/n, sum.passage+r.passage/n
	}
	return sum, ctx.Err()
}

func (k *known) one(p passage, recurrence *rank.Recurrence) reciprocals {
	words, stems := k.words.scores(p.text), k.stems.scores(p.text)
	meaning := dots(k.b.Encoder.Encode(encode.Text{Abstract: p.text}), k.vectors)
	target := p.paper - k.from
	r := reciprocals{words: reciprocal(words, target), stems: reciprocal(stems, target), meaning: reciprocal(meaning, target)}

	top := func(scores []float32, n int) (hits []rank.Hit) {
		for _, i := range eval.Top(scores, n, nil) {
			hits = append(hits, rank.Hit{ID: int64(i), Score: float64(scores[i])})
		}
		return hits
	}
	found, near := top(stems, byWords), top(meaning, byMeaning)
	for i, f := range rank.Fuse(found, near, rank.MeaningWeight) {
		if f.ID == int64(target) {
			r.fused = 1 / float64(i+1)
		}
	}
	var candidates []int
	var texts []string
	for _, h := range slices.Concat(found, near) {
		if i := int(h.ID); !slices.Contains(candidates, i) {
			candidates, texts = append(candidates, i), append(texts, k.docs[i])
		}
	}
	at := slices.Index(candidates, target)
	if at < 0 {
		return r
	}
	scores := recurrence.Scores(p.text, texts)
	all := make([]float32, len(scores))
	for i, s := range scores {
		all[i] = float32(s) + passageMeaning*meaning[candidates[i]]
	}
	r.passage = reciprocal(all, at)
	return r
}

// passageMeaning is the weight of a cosine beside log-odds.
const passageMeaning = 10

// reciprocal is one over the rank of a place; what ties with it comes first.
func reciprocal(scores []float32, at int) float64 {
	n := 1
	for i, s := range scores {
		if i != at && s >= scores[at] {
			n++
		}
	}
	return 1 / float64(n)
}

// bm25 is the usual ranking by words, in memory.
type bm25 struct {
	tokens  func(string) []string
	words   *text.Vocabulary
	weights *sparse.Matrix
}

func newBM25(docs []string, tokens func(string) []string) bm25 {
	all := make([][]string, len(docs))
	for i, d := range docs {
		all[i] = tokens(d)
	}
	v := text.NewVocabulary(all, 1, 1<<30)
	return bm25{tokens, v, v.BM25(all)}
}

func (x bm25) scores(query string) []float32 {
	q := make([]float32, len(x.words.Words))
	for _, w := range x.tokens(query) {
		if i, ok := x.words.Index(w); ok {
			q[i]++
		}
	}
	scores := make([]float32, x.weights.Rows)
	for i := range scores {
		cols, vals := x.weights.Row(i)
		for k, c := range cols {
			scores[i] += q[c] * vals[k]
		}
	}
	return scores
}

// stemsOf are the words of a text as the service's own index has them.
func stemsOf(s string) []string {
	var terms []string
	for _, t := range fulltext.Tokenize(s) {
		if !t.Stop && !t.Joined {
			terms = append(terms, t.Term)
		}
	}
	return terms
}
