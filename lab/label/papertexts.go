package label

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/text"
)

// paperTexts are records as vectors of their titles and abstracts, with their
// primary categories as classes.
type paperTexts struct {
	x          *mat.Dense // [n x dim], rows of length 1
	y          []int      // [n], a number among categories
	categories []string
	records    []dataset.Record
}

// someMonths are the ends of n months of the papers, from the third on where
// there are as many; of all where there are fewer than n.
func someMonths(n int) (first, last string, err error) {
	months, err := dataset.PaperMonths()
	if err != nil {
		return "", "", err
	}
	if len(months) == 0 {
		return "", "", offprint.Errorf(offprint.KindNotFound, "The data set papers is empty: add files YYYY-MM.jsonl.")
	}
	from := max(0, min(2, len(months)-n))
	return months[from], months[min(from+n, len(months))-1], nil
}

// loadPaperTexts takes the papers listed from first to last whose primary
// category is one of those given, each once and at most most of a category, in
// random order. Their vectors are the first dim directions of a truncated SVD of
// TF-IDF.
func loadPaperTexts(ctx context.Context, first, last string, categories []string, most, dim int) (*paperTexts, error) {
	records, err := dataset.ReadPapers(first, last)
	if err != nil {
		return nil, err
	}
	p := &paperTexts{categories: categories}
	var docs [][]string
	seen, count := map[string]bool{}, make([]int, len(categories))
	for _, i := range random.New(0, 42).Perm(len(records)) {
		r := records[i]
		if seen[r.ID] || len(r.Categories) == 0 {
			continue
		}
		seen[r.ID] = true
		y := slices.Index(categories, r.Categories[0])
		if y < 0 || count[y] == most {
			continue
		}
		count[y]++
		p.records, p.y = append(p.records, r), append(p.y, y)
		docs = append(docs, text.Tokens(r.Title+" "+r.Abstract))
	}
	if err := enough(categories, count); err != nil {
		return nil, err
	}
	u, s, _, err := lowrank.SVD(ctx, text.NewVocabulary(docs, 3, 8000).TFIDF(docs), dim, random.New(0, 4200))
	if err != nil {
		return nil, err
	}
	for i := range docs {
		row := u.RawRowView(i)
		floats.Mul(row, s)
		if l := floats.Norm(row, 2); l > 0 {
			floats.Scale(1/l, row)
		}
	}
	p.x = u
	return p, nil
}

// enough is an error if a category has too few papers for an episode.
func enough(categories []string, count []int) error {
	const fewest = 16
	for y, n := range count {
		if n < fewest {
			return offprint.Errorf(offprint.KindNotFound, "The data set papers has %d papers with the primary category %s in the months read, and this needs %d: add months that have more.", n, categories[y], fewest)
		}
	}
	return nil
}
