package quality

import (
	"slices"

	"github.com/offprint/offprint/methods/random"
)

// TagTask is a reader with a tag: some papers of a category in the month before
// the tested one, and those of the tested month that they would tag. The category
// is all that says what belongs together, and it is never shown to what is measured.
type TagTask struct {
	Category string
	Examples []int        // places in Papers
	Relevant map[int]bool // places in Tested(): relative to Test
}

const (
	tagDraws   = 3   // of the examples of each category
	fewestTag  = 30  // papers that a category has in the tested month
	largestTag = .12 // share of that month: what is more than that is no tag
)

// TagTasks draws tasks with so many examples each: three for each category (a
// paper's first or any other) that has 30 papers in the tested month, at most 12%
// of it, and enough in the month before. They come by category, then draw; draws
// with fewer examples are the beginnings of those with more.
func (r *Records) TagTasks(examples int) []TagTask {
	tested, before := map[string][]int{}, map[string][]int{}
	for i := r.LastMonth(); i < len(r.Papers); i++ {
		in := before
		if i >= r.Test {
			in = tested
		}
		for _, c := range r.Papers[i].Categories {
			if l := in[c]; len(l) == 0 || l[len(l)-1] != i {
				in[c] = append(l, i)
			}
		}
	}
	var categories []string
	for c, papers := range tested {
		if len(papers) >= fewestTag && float64(len(papers)) <= largestTag*float64(len(r.Papers)-r.Test) && len(before[c]) >= examples {
			categories = append(categories, c)
		}
	}
	slices.Sort(categories)
	var tasks []TagTask
	for _, c := range categories {
		relevant := make(map[int]bool, len(tested[c]))
		for _, i := range tested[c] {
			relevant[i-r.Test] = true
		}
		for draw := range tagDraws {
			drawn := slices.Clone(before[c])
			rng := random.New(uint64(draw), 8)
			rng.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
			tasks = append(tasks, TagTask{c, drawn[:examples:examples], relevant})
		}
	}
	return tasks
}
