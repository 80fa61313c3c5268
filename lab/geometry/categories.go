// Package geometry has the reproductions of the papers on spaces other than the
// flat one: of labels, of matrices, of shapes.
package geometry

import (
	"context"
	"maps"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/text"
)

// categories is the test bed of Loki and H4G: papers of arXiv categories, of
// which some are to be recognised without examples. It is made of the classes
// with enough papers, and at most mostPapers of each.
type categories struct {
	Names []string   // of the classes: "cs.IR"
	Class []int      // of each paper, its primary category
	X     *mat.Dense // LSA vectors of titles and abstracts [papers, 64]
	Texts *mat.Dense // those of the classes' own names and a few words [classes, 64]

	// Of the papers that are not in the bed: how many carry a class as primary
	// category or cross-list, and how many carry both of two.
	Carry []float64
	Both  [][]float64
}

const (
	fewestClasses = 18 // Loki sees 16 of them at the most
	fewestPapers  = 28
	mostPapers    = 60
	bedRank       = 64
)

// categoryText is a class's official name, then plain words.
var categoryText = map[string]string{
	"cs.AI":   "artificial intelligence planning reasoning agents knowledge",
	"cs.CE":   "computational engineering finance science simulation",
	"cs.CL":   "computation and language natural language processing text",
	"cs.CR":   "cryptography and security privacy attacks",
	"cs.CV":   "computer vision and pattern recognition images",
	"cs.CY":   "computers and society education policy ethics",
	"cs.GR":   "computer graphics rendering",
	"cs.GT":   "computer science and game theory mechanism auction equilibrium",
	"cs.HC":   "human computer interaction users",
	"cs.IR":   "information retrieval recommendation search",
	"cs.IT":   "information theory coding channel capacity",
	"cs.LG":   "machine learning training",
	"cs.MA":   "multiagent systems cooperation",
	"cs.MM":   "multimedia video audio",
	"cs.NE":   "neural and evolutionary computing spiking genetic",
	"cs.RO":   "robotics robot manipulation",
	"cs.SD":   "sound music audio",
	"cs.SE":   "software engineering code programs",
	"eess.AS": "audio and speech processing",
	"eess.IV": "image and video processing medical reconstruction",
	"eess.SP": "signal processing wireless",
	"eess.SY": "systems and control power",
}

var theCategories struct {
	sync.Mutex
	bed *categories
}

// loadCategories makes the bed, once in a process. It must not be changed.
func loadCategories(ctx context.Context) (*categories, error) {
	theCategories.Lock()
	defer theCategories.Unlock()
	if theCategories.bed != nil {
		return theCategories.bed, nil
	}
	records, err := dataset.ReadPapers("", "")
	if err != nil {
		return nil, err
	}
	byClass := map[string][]int{}
	for i, r := range records {
		if len(r.Categories) > 0 && categoryText[r.Categories[0]] != "" {
			byClass[r.Categories[0]] = append(byClass[r.Categories[0]], i)
		}
	}
	bed := &categories{}
	rng := random.New(0, 29)
	chosen := make([]bool, len(records))
	var docs, texts [][]string
	for _, name := range slices.Sorted(maps.Keys(byClass)) {
		papers := byClass[name]
		if len(papers) < fewestPapers {
			continue
		}
		for _, k := range random.Sample(rng, len(papers), min(mostPapers, len(papers))) {
			r := records[papers[k]]
			chosen[papers[k]] = true
			docs = append(docs, text.Tokens(r.Title+" "+r.Abstract))
			bed.Class = append(bed.Class, len(bed.Names))
		}
		bed.Names = append(bed.Names, name)
		texts = append(texts, text.Tokens(categoryText[name]))
	}
	if len(bed.Names) < fewestClasses {
		return nil, offprint.Errorf(offprint.KindNotFound, "The data set papers has %d primary categories with %d papers or more, and this needs %d: add months that have more.", len(bed.Names), fewestPapers, fewestClasses)
	}
	bed.count(records, chosen)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := text.NewVocabulary(docs, 1, 20_000)
	x := v.TFIDF(docs)
	_, _, basis, err := lowrank.SVD(ctx, x, bedRank, random.New(0, 1))
	if err != nil {
		return nil, err
	}
	bed.X, bed.Texts = project(x, basis), project(v.TFIDF(texts), basis)
	theCategories.bed = bed
	return bed, nil
}

// count counts the classes of the records that were not chosen.
func (b *categories) count(records []dataset.Record, chosen []bool) {
	index := map[string]int{}
	for i, name := range b.Names {
		index[name] = i
		b.Both = append(b.Both, make([]float64, len(b.Names)))
	}
	b.Carry = make([]float64, len(b.Names))
	for i, r := range records {
		if chosen[i] {
			continue
		}
		var classes []int
		for _, c := range r.Categories {
			if k, ok := index[c]; ok {
				classes = append(classes, k)
			}
		}
		for _, k := range classes {
			b.Carry[k]++
			for _, l := range classes {
				b.Both[k][l]++
			}
		}
	}
}

// project returns the rows of x in a basis [terms, rank].
func project(x *sparse.Matrix, basis *mat.Dense) *mat.Dense {
	_, rank := basis.Dims()
	out := mat.NewDense(x.Rows, rank, nil)
	for i := range x.Rows {
		cols, vals := x.Row(i)
		for k, c := range cols {
			floats.AddScaled(out.RawRowView(i), float64(vals[k]), basis.RawRowView(int(c)))
		}
	}
	return out
}

// unitRows returns the rows of x scaled to length 1; rows of 0 stay.
func unitRows(x *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(x)
	n, _ := out.Dims()
	for i := range n {
		if norm := floats.Norm(out.RawRowView(i), 2); norm > 0 {
			floats.Scale(1/norm, out.RawRowView(i))
		}
	}
	return out
}

// rows returns some of the rows of x.
func rows(x *mat.Dense, at []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(at), d, nil)
	for i, r := range at {
		out.SetRow(i, x.RawRowView(r))
	}
	return out
}
