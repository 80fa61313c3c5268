// Package topics finds what a collection of papers is about, and how that
// changes with time: themes with readable names, their share of each week's
// papers, and whether they rise or fall.
//
// Themes are clusters of the papers' vectors. That subjects which rise and fall
// together belong together (methods/label/lls) is too little to go by here:
// DESIGN.md has the figures.
package topics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// FewestPapers is how many papers there must be to find topics among them.
const FewestPapers = 300

const (
	mostTopics   = 60
	fewPapers    = 5000
	rounds       = 30  // of k-means
	mostExamples = 12  // of a topic
	mostWeeks    = 104 // of which shares are kept, the newest
)

// Input is what topics are found in: papers, a row each.
type Input struct {
	Vectors   []float32       // [papers x Dim], rows of length 1; a row of zeros has no topic
	Dim       int             // of a vector
	Titles    []string        // a paper each
	Abstracts []string        // a paper each, or nil: they tell how a word is written in running text
	Days      []offprint.Date // a paper each; 0 for an unknown day
	IDs       []int64         // a paper each, for [Topic].Examples; nil for row numbers
	Seed      uint64
	Previous  *Model // whose addresses topics keep; may be nil

	// Progress, if set, is told which share of the work is done.
	Progress func(done float64)
}

// Model is a set of topics. It is safe for concurrent use as long as nobody
// changes it.
type Model struct {
	Dim    int
	First  offprint.Date // the Monday with which the first week begins
	Weekly []int32       // papers of each week, in whatever topic; at most 104 weeks
	Topics []Topic       // the largest first

	sharpness float32 // of Assign's shares
}

// Topic is what a good many papers are about.
type Topic struct {
	Slug     string    // its name in addresses, which outlives a re-training
	Name     string    // two phrases, as they are written in running text
	Words    []string  // phrases that tell it from the other topics, the most telling first
	Centre   []float32 // [Dim], of length 1
	Papers   int       // that were in it when it was found
	Weekly   []int32   // of which in each week, as [Model].Weekly
	Examples []int64   // IDs of the papers nearest to the centre, the nearest first
	Trend    Trend
}

// count is how many topics so many papers are split into.
func count(papers int) int {
	return min(max(int(math.Round(math.Sqrt(float64(papers))/4.5)), 4), mostTopics)
}

// Find finds topics: k-means on the vectors, as many topics as a quarter or so
// of the root of the number of papers, at least 4 and at most 60. It is
// deterministic for a seed. Fewer papers than [FewestPapers] are an error of
// [offprint.KindInvalid].
func Find(ctx context.Context, in Input) (*Model, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	progress := in.Progress
	if progress == nil {
		progress = func(float64) {}
	}
	rows := in.rows()
	if len(rows) < FewestPapers {
		return nil, offprint.Errorf(offprint.KindInvalid, "there are %d papers to find topics in, and that takes %d: collect or import more first.", len(rows), FewestPapers)
	}
	x := make([]float32, 0, len(rows)*in.Dim)
	for _, i := range rows {
		x = append(x, in.row(i)...)
	}
	km, err := group(ctx, x, in.Dim, in.Seed)
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	progress(.6)

	m := &Model{Dim: in.Dim, sharpness: 16}
	for k := range km.K {
		centre := km.Centres[k*in.Dim : (k+1)*in.Dim]
		if vector.Normalize(centre) > 0 {
			m.Topics = append(m.Topics, Topic{Centre: centre})
		}
	}
	of := make([]int, len(in.Titles)) // of each paper, its topic or -1
	for i := range of {
		of[i] = -1
	}
	for _, i := range rows {
		of[i], _ = m.nearest(in.row(i))
		m.Topics[of[i]].Papers++
	}
	of = m.sort(of)
	m.countWeeks(in.Days, of)
	m.examples(&in, of)
	progress(.7)
	if err := m.name(ctx, &in, of); err != nil {
		return nil, err
	}
	m.trends()
	if err := m.keepSlugs(in.Previous); err != nil {
		return nil, err
	}
	progress(1)
	return m, nil
}

// group is the best of several starts of k-means where papers are few. With many,
// five starts were no better than one.
func group(ctx context.Context, x []float32, dim int, seed uint64) (*cluster.KMeans, error) {
	n := len(x) / dim
	starts := 1
	if n < fewPapers {
		starts = 5
	}
	var best *cluster.KMeans
	for s := range starts {
		km, err := cluster.Fit(ctx, x, dim, count(n), rounds, random.New(seed, uint64(s)))
		if err != nil {
			return nil, err
		}
		if best == nil || km.Inertia < best.Inertia {
			best = km
		}
	}
	return best, nil
}

func (in *Input) check() error {
	n := len(in.Titles)
	switch {
	case in.Dim < 1 || len(in.Vectors) != n*in.Dim:
		return fmt.Errorf("topics: %d numbers are not %d vectors of %d", len(in.Vectors), n, in.Dim)
	case len(in.Days) != n || in.Abstracts != nil && len(in.Abstracts) != n || in.IDs != nil && len(in.IDs) != n:
		return fmt.Errorf("topics: %d titles, %d abstracts, %d days and %d IDs", n, len(in.Abstracts), len(in.Days), len(in.IDs))
	}
	return nil
}

func (in *Input) row(i int) []float32 { return in.Vectors[i*in.Dim : (i+1)*in.Dim] }

// rows are the papers whose vectors say something.
func (in *Input) rows() []int {
	var rows []int
	for i := range in.Titles {
		if n := vector.Norm(in.row(i)); n > 0 && !math.IsInf(float64(n), 0) {
			rows = append(rows, i)
		}
	}
	return rows
}

// sort puts the largest topic first, drops those without papers, and returns
// the papers' topics anew.
func (m *Model) sort(of []int) []int {
	order := make([]int, len(m.Topics))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.Topics[b].Papers, m.Topics[a].Papers) })
	sorted, place := make([]Topic, 0, len(order)), make([]int, len(order))
	for at, k := range order {
		place[k] = at
		if m.Topics[k].Papers > 0 {
			sorted = append(sorted, m.Topics[k])
		}
	}
	m.Topics = sorted
	anew := make([]int, len(of))
	for i, k := range of {
		if anew[i] = k; k >= 0 {
			anew[i] = place[k]
		}
	}
	return anew
}

func (m *Model) examples(in *Input, of []int) {
	type near struct {
		row int
		cos float32
	}
	by := make([][]near, len(m.Topics))
	for i, k := range of {
		if k >= 0 {
			by[k] = append(by[k], near{i, vector.Dot(in.row(i), m.Topics[k].Centre)})
		}
	}
	for k, papers := range by {
		slices.SortStableFunc(papers, func(a, b near) int { return cmp.Compare(b.cos, a.cos) })
		for _, p := range papers[:min(len(papers), mostExamples)] {
			id := int64(p.row)
			if in.IDs != nil {
				id = in.IDs[p.row]
			}
			m.Topics[k].Examples = append(m.Topics[k].Examples, id)
		}
	}
}

// nearest is the topic whose centre is nearest to v, and their inner product.
func (m *Model) nearest(v []float32) (int, float32) {
	best, at := float32(math.Inf(-1)), 0
	for k := range m.Topics {
		if s := vector.Dot(v, m.Topics[k].Centre); s > best {
			best, at = s, k
		}
	}
	return at, best
}

// Assign returns the topic of a paper with the vector v, of length 1, and the
// topic's share of the paper: near 1 in the middle of a topic, lower between
// topics. A vector of zeros, or of another length than Dim, has the topic -1.
func (m *Model) Assign(v []float32) (topic int, share float32) {
	if len(v) != m.Dim || len(m.Topics) == 0 || vector.Norm(v) == 0 {
		return -1, 0
	}
	topic, best := m.nearest(v)
	var sum float64
	for k := range m.Topics {
		sum += math.Exp(float64(m.sharpness * (vector.Dot(v, m.Topics[k].Centre) - best)))
	}
	return topic, float32(1 / sum)
}

// BySlug returns the number of the topic with an address, or -1.
func (m *Model) BySlug(slug string) int {
	return slices.IndexFunc(m.Topics, func(t Topic) bool { return t.Slug == slug })
}
