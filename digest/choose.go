package digest

import (
	"cmp"
	"context"
	"slices"

	"github.com/offprint/offprint"
)

// perDay is how many papers of each day are considered, in trending order. It
// is enough for the largest digest even if all of it comes from one day.
const perDay = 2 * offprint.MaxDigest

// choose returns the papers of a digest: those that trend, and then a variety.
// The reader's hidden papers and withdrawn ones are left out.
func (s *Service) choose(ctx context.Context, sub *offprint.Subscription, span offprint.Span) ([]offprint.PaperItem, error) {
	search, err := offprint.ParseQuery(sub.Query)
	if err != nil {
		return nil, err
	}
	var days [][]offprint.PaperItem
	for day := span.Last; day >= span.First; day-- {
		page, err := s.store.Papers(ctx, offprint.PaperQuery{
			ReaderID: sub.ReaderID, First: day, Last: day, Search: search, Sort: offprint.SortTrending, Limit: perDay,
		})
		if err != nil {
			return nil, err
		}
		days = append(days, slices.DeleteFunc(page.Items, func(p offprint.PaperItem) bool { return p.Withdrawn }))
	}
	return order(days, sub.Count), nil
}

// order merges days, each in trending order and the newest first, and returns
// the first count papers: those with heat by heat, then others by [vary].
func order(days [][]offprint.PaperItem, count int) []offprint.PaperItem {
	var hot, rest []offprint.PaperItem
	for rank := 0; ; rank++ { // a day's first papers come before another day's last
		more := false
		for _, day := range days {
			if rank >= len(day) {
				continue
			}
			more = true
			if day[rank].HasHeat {
				hot = append(hot, day[rank])
			} else {
				rest = append(rest, day[rank])
			}
		}
		if !more {
			break
		}
	}
	slices.SortStableFunc(hot, func(a, b offprint.PaperItem) int { return cmp.Compare(b.Heat, a.Heat) })
	hot = hot[:min(len(hot), count)]
	return vary(hot, rest, count)
}

// vary adds papers to those picked, up to count, so that each category gets its
// share of the places, as seats are shared among parties by the method of
// Sainte-Laguë: the next place goes to the category with the largest
// papers/(2·places+1). Within a category the order stays.
func vary(picked, papers []offprint.PaperItem, count int) []offprint.PaperItem {
	type category struct {
		papers []offprint.PaperItem
		next   int // of papers
		places int
	}
	byName := map[string]*category{}
	var all []*category // in order of appearance, so that the result is always the same
	find := func(p offprint.PaperItem) *category {
		name := ""
		if len(p.Categories) > 0 {
			name = p.Categories[0]
		}
		c := byName[name]
		if c == nil {
			c = &category{}
			byName[name] = c
			all = append(all, c)
		}
		return c
	}
	for _, p := range papers {
		c := find(p)
		c.papers = append(c.papers, p)
	}
	for _, p := range picked {
		find(p).places++
	}
	for range min(count-len(picked), len(papers)) {
		var best *category
		for _, c := range all {
			if c.next == len(c.papers) {
				continue
			}
			// papers/(2·places+1), compared without division
			if best == nil || len(c.papers)*(2*best.places+1) > len(best.papers)*(2*c.places+1) {
				best = c
			}
		}
		picked = append(picked, best.papers[best.next])
		best.next++
		best.places++
	}
	return picked
}
