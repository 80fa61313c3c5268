package orbit

import (
	"fmt"

	"github.com/offprint/offprint/methods/graph"
)

// Enumerate counts by definition: it looks at all sets of up to four nodes. It
// is there to check [Count] on small graphs; for n nodes it takes time n^4. The
// result has a matrix [n x n] for each of [Pairs]. More than 100 nodes are an
// error.
func Enumerate(g *graph.Graph) (map[Pair][][]int64, error) {
	n := g.Len()
	if n > 100 {
		return nil, fmt.Errorf("orbit: %d nodes are too many to look at all sets of four", n)
	}
	counts := map[Pair][][]int64{}
	for _, p := range pairs {
		m := make([][]int64, n)
		for u := range m {
			m[u] = make([]int64, n)
		}
		counts[p] = m
	}
	var grow func(nodes []int)
	grow = func(nodes []int) {
		if len(nodes) > 1 {
			enumerate(g, nodes, counts)
		}
		if len(nodes) == 4 {
			return
		}
		first := 0
		if k := len(nodes); k > 0 {
			first = nodes[k-1] + 1
		}
		for v := first; v < n; v++ {
			grow(append(nodes, v))
		}
	}
	grow(make([]int, 0, 4))
	return counts, nil
}

// enumerate counts the graphlet that the nodes induce, if they are connected.
func enumerate(g *graph.Graph, nodes []int, counts map[Pair][][]int64) {
	const apart = 9
	k, edges := len(nodes), 0
	var distance [4][4]int
	var degree [4]int
	most := 0
	for i := range k {
		for j := range k {
			switch {
			case i == j:
			case g.Adjacent(nodes[i], nodes[j]):
				distance[i][j] = 1
				degree[i]++
				edges++
			default:
				distance[i][j] = apart
			}
		}
		most = max(most, degree[i])
	}
	edges /= 2
	for m := range k {
		for i := range k {
			for j := range k {
				distance[i][j] = min(distance[i][j], distance[i][m]+distance[m][j])
			}
		}
	}
	// The orbits of degrees 1, 2, 3.
	var orbits [4]int
	switch {
	case k == 2:
		orbits = [4]int{1: 0}
	case k == 3 && edges == 2:
		orbits = [4]int{1: 1, 2: 2}
	case k == 3:
		orbits = [4]int{2: 3}
	case edges == 3 && most == 3:
		orbits = [4]int{1: 6, 3: 7}
	case edges == 3:
		orbits = [4]int{1: 4, 2: 5}
	case edges == 4 && most == 2:
		orbits = [4]int{2: 8}
	case edges == 4:
		orbits = [4]int{1: 9, 2: 10, 3: 11}
	case edges == 5:
		orbits = [4]int{2: 12, 3: 13}
	case edges == 6:
		orbits = [4]int{3: 14}
	}
	for _, d := range distance[0][:k] {
		if d >= apart {
			return
		}
	}
	for i, u := range nodes {
		for j, v := range nodes {
			if i != j {
				counts[Pair{distance[i][j], orbits[degree[i]], orbits[degree[j]]}][u][v]++
			}
		}
	}
}
