package rank

import (
	"cmp"
	"slices"
)

// Neighbour is an author near another.
type Neighbour struct {
	Name     string
	Papers   int     // how many papers they have
	Together int     // of those, with the author whose neighbour they are
	Graph    float64 // how often a walk over papers and authors gets from the one to the other
	Text     float64 // how near their papers are in text
	Via      string  // a co-author of both, where they have no paper together
}

// Neighbours returns the authors who are near one, the nearest first: n of those
// who have written a paper with them, and n who have not. near are the papers
// nearest to the author's by text, and may be none.
func (g *Authors) Neighbours(author string, near []Hit, n int) (together, apart []Neighbour) {
	at, ok := slices.BinarySearch(g.names, author)
	if !ok {
		return nil, nil
	}
	self := int32(at)
	all := make(map[int32]*Neighbour)
	of := func(a int32) *Neighbour {
		if all[a] == nil {
			all[a] = &Neighbour{Name: g.names[a], Papers: len(g.authorPapers.of(a))}
		}
		return all[a]
	}
	first := g.step(self, func(a int32) { of(a).Together++ })
	for b, share := range first {
		of(b).Graph += share
		for a, s := range g.step(b, nil) {
			if a == self {
				continue
			}
			nb := of(a)
			nb.Graph += share * s
			if nb.Together == 0 && (nb.Via == "" || g.names[b] < nb.Via) {
				nb.Via = g.names[b]
			}
		}
	}
	low, high, _ := span(near)
	for _, h := range near {
		p, ok := slices.BinarySearch(g.papers, h.ID)
		if !ok {
			continue
		}
		for _, a := range g.paperAuthors.of(int32(p)) {
			if a != self {
				of(a).Text = max(of(a).Text, scaled(h.Score, low, high))
			}
		}
	}
	for _, nb := range all {
		if nb.Together > 0 {
			together = append(together, *nb)
		} else {
			apart = append(apart, *nb)
		}
	}
	slices.SortFunc(together, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(b.Together, a.Together), cmp.Compare(b.Graph+b.Text, a.Graph+a.Text), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(apart, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(b.Graph+b.Text, a.Graph+a.Text), cmp.Compare(a.Name, b.Name))
	})
	return together[:min(n, len(together))], apart[:min(n, len(apart))]
}

// step is one step of a walk, from an author to one of their papers to one of
// its other authors: the share of the walks that get to each. visit is told each.
func (g *Authors) step(from int32, visit func(a int32)) map[int32]float64 {
	shares := make(map[int32]float64)
	papers := g.authorPapers.of(from)
	for _, p := range papers {
		authors := g.paperAuthors.of(p)
		for _, a := range authors {
			if a == from {
				continue
			}
			shares[a] += 1 / float64(len(papers)) / float64(len(authors)-1)
			if visit != nil {
				visit(a)
			}
		}
	}
	return shares
}
