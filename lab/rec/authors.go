package rec

import (
	"context"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec/m2trec"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/text"
)

// bodyOfWork is the bed papers-authors as sequences: which of the papers of a month is
// an author's next one, given those of the months before? No paper of that
// month is known from training: vocabulary, idf and LSA do not see them either.
type bodyOfWork struct {
	titles     *sparse.Matrix // TF-IDF of titles, by paper
	texts      *sparse.Matrix // likewise, of titles and abstracts
	lsa        *mat.Dense     // [words x lsaDim], of texts
	categories [][]int32      // of a paper, primary first
	names      []string       // of the categories
	primaries  []string       // of the categories that are some paper's primary one
	primary    []int32        // of a paper, its number among primaries

	candidates  []int32 // papers of the last month
	train, test []m2trec.Session
}

const lsaDim = 48

// loadBodyOfWork reads the bed, once. It must not be changed.
var loadBodyOfWork = sync.OnceValues(func() (*bodyOfWork, error) {
	const history, fewest, most = 8, 4, 30
	first, err := dataset.PaperMonth(6)
	if err != nil {
		return nil, err
	}
	cold, err := dataset.PaperMonth(1)
	if err != nil {
		return nil, err
	}
	records, err := dataset.ReadPapers(first, "")
	if err != nil {
		return nil, err
	}
	papers := map[string]int{} // of an author, in all these months
	for _, r := range records {
		for _, a := range slices.Compact(slices.Sorted(slices.Values(r.Authors))) {
			papers[a]++
		}
	}
	b := &bodyOfWork{}
	var titles, texts [][]string
	var isCold []bool
	category, primary := numbers{}, numbers{}
	works := map[string][]int32{}
	var authors []string // in the order of their first paper
	for _, r := range records {
		month := r.Listed.String()[:7]
		if month > cold || len(r.Categories) == 0 {
			continue
		}
		item, used := int32(len(texts)), false
		for _, a := range slices.Compact(slices.Sorted(slices.Values(r.Authors))) {
			if n := papers[a]; n < fewest || n > most {
				continue
			}
			if works[a] == nil {
				authors = append(authors, a)
			}
			works[a] = append(works[a], item)
			used = true
		}
		if !used {
			continue
		}
		if month == cold {
			b.candidates = append(b.candidates, item)
		}
		titles = append(titles, text.Tokens(r.Title))
		texts = append(texts, text.Tokens(r.Title+" "+r.Abstract))
		isCold = append(isCold, month == cold)
		var cs []int32
		for _, c := range r.Categories {
			cs = append(cs, category.of(c))
		}
		b.categories = append(b.categories, cs)
		b.primary = append(b.primary, primary.of(r.Categories[0]))
	}
	b.names, b.primaries = category.names(), primary.names()

	for _, a := range authors {
		w := works[a]
		for n, item := range w {
			if !isCold[item] {
				if n > 0 {
					b.train = append(b.train, m2trec.Session{History: w[max(0, n-history):n], Target: item})
				}
				continue
			}
			before := slices.IndexFunc(w, func(i int32) bool { return isCold[i] })
			if before >= 2 {
				b.test = append(b.test, m2trec.Session{History: w[max(0, before-history):before], Target: item})
			}
		}
	}
	warm := func(docs [][]string) [][]string {
		var out [][]string
		for i, d := range docs {
			if !isCold[i] {
				out = append(out, d)
			}
		}
		return out
	}
	b.titles = text.NewVocabulary(warm(titles), 2, 1<<20).TFIDF(titles)
	vocab := text.NewVocabulary(warm(texts), 5, 8192)
	b.texts = vocab.TFIDF(texts)
	_, _, b.lsa, err = lowrank.SVD(context.Background(), vocab.TFIDF(warm(texts)), lsaDim, random.New(0, 19))
	return b, err
})

// numbers numbers names in the order of their first use.
type numbers map[string]int32

func (n numbers) of(name string) int32 {
	i, ok := n[name]
	if !ok {
		i = int32(len(n))
		n[name] = i
	}
	return i
}

func (n numbers) names() []string {
	out := make([]string, len(n))
	for name, i := range n {
		out[i] = name
	}
	return out
}
