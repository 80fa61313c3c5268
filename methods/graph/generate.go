package graph

import (
	"fmt"
	"math/rand/v2"
)

// BarabasiAlbert grows a graph whose degrees differ much, as in many real ones:
// each new node joins the given number of earlier ones, which are drawn by their
// degrees (Barabási and Albert, 1999). The first nodes are a clique. More links
// than nodes before, or none, are an error.
func BarabasiAlbert(nodes, links int, rng *rand.Rand) (*Graph, error) {
	if links < 1 || nodes <= links {
		return nil, fmt.Errorf("graph: %d nodes with %d links each", nodes, links)
	}
	var edges [][2]int32
	var ends []int32 // both of each edge: a node is there as often as its degree
	join := func(u, v int32) {
		edges = append(edges, [2]int32{u, v})
		ends = append(ends, u, v)
	}
	for u := range int32(links + 1) {
		for v := range u {
			join(u, v)
		}
	}
	for u := int32(links + 1); int(u) < nodes; u++ {
		before := len(ends)
		chosen := map[int32]bool{}
		for len(chosen) < links {
			v := ends[rng.IntN(before)]
			if !chosen[v] {
				chosen[v] = true
				join(u, v)
			}
		}
	}
	return New(nodes, edges)
}
