package label

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/label/activelearn"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/text"
)

// quizTopics are what a reader may have in mind.
var quizTopics = []string{"cs.CV", "cs.CL", "cs.RO", "cs.CR", "cs.SD", "cs.IR"}

// quizWords are in a question.
const quizWords = 3

// quiz is a noisy game of 20 questions on papers: a reader thinks of a topic and
// is asked of some words whether a paper of theirs would have it. A yes has the
// probability that the abstract of such a paper has the word, but for up to two
// words of which the reader knows nothing, and mostly says no. Instances are
// topics with such readers; the first have readers who know all words.
func quiz(ctx context.Context, questions, budget int) (p activelearn.Problem, words []string, err error) {
	first, last, err := someMonths(2)
	if err != nil {
		return p, nil, err
	}
	records, err := dataset.ReadPapers(first, last)
	if err != nil {
		return p, nil, err
	}
	var docs [][]string
	var topic []int
	count := make([]int, len(quizTopics))
	for _, r := range records {
		if len(r.Categories) == 0 {
			continue
		}
		if t := slices.Index(quizTopics, r.Categories[0]); t >= 0 {
			docs, topic = append(docs, text.Tokens(r.Abstract)), append(topic, t)
			count[t]++
		}
	}
	if err := enough(quizTopics, count); err != nil {
		return p, nil, err
	}
	vocabulary := text.NewVocabulary(docs, 20, 1500)
	has := make([][]bool, len(vocabulary.Words)) // [word][paper]
	for w := range has {
		has[w] = make([]bool, len(docs))
	}
	papers := make([]float64, len(quizTopics))
	for d, doc := range docs {
		papers[topic[d]]++
		for _, word := range doc {
			if w, ok := vocabulary.Index(word); ok {
				has[w][d] = true
			}
		}
	}
	// share has how many of each topic's papers are marked.
	share := func(marked []bool) []float64 {
		s := make([]float64, len(quizTopics))
		for d, t := range topic {
			if marked[d] {
				s[t]++
			}
		}
		for t := range s {
			s[t] = (s[t] + 1) / (papers[t] + 2)
		}
		return s
	}
	// A question starts with the word that tells apart most of those pairs of topics
	// that the questions before tell least apart, and goes on with those that are
	// most often in the same papers.
	var shares [][]float64
	n := len(quizTopics)
	apart := make([]float64, n*n)
	used := make([]bool, len(has))
	rng := random.New(0, 55) // for ties
	for range questions {
		if err := ctx.Err(); err != nil {
			return p, nil, err
		}
		first := least(rng, len(has), func(w int) float64 {
			if used[w] {
				return math.Inf(1)
			}
			s, lacking := share(has[w]), 0.
			for k := range apart {
				d := s[k/n] - s[k%n]
				lacking += math.Exp(-8 * (apart[k] + d*d))
			}
			return lacking
		})
		marked := make([]bool, len(docs))
		var names []string
		for range quizWords {
			next := first
			if len(names) > 0 {
				next = least(rng, len(has), func(w int) float64 {
					if used[w] {
						return math.Inf(1)
					}
					both, either := 0., 0.
					for d, v := range has[w] {
						if v && has[first][d] {
							both++
						}
						if v || has[first][d] {
							either++
						}
					}
					return -both / either
				})
			}
			used[next] = true
			for d, v := range has[next] {
				marked[d] = marked[d] || v
			}
			names = append(names, vocabulary.Words[next])
		}
		s := share(marked)
		for k := range apart {
			d := s[k/n] - s[k%n]
			apart[k] += d * d
		}
		words, shares = append(words, strings.Join(names, ", ")), append(shares, s)
	}
	const no = .05 // of an unknown word
	p.Budget = budget
	add := func(unknown ...int) {
		for t := range quizTopics {
			row := make([]float64, questions)
			for q := range row {
				row[q] = shares[q][t]
			}
			for _, q := range unknown {
				row[q] = no
			}
			p.P, p.Truth = append(p.P, row), append(p.Truth, t)
		}
	}
	add()
	for a := range questions {
		add(a)
		for b := range a {
			add(a, b)
		}
	}
	p.Complexity, err = p.LowerBound()
	return p, words, err
}
