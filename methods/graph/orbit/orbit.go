// Package orbit counts how two nodes lie in the small induced subgraphs around
// them: the orbit adjacencies of "Graphlets correct for the topological
// information missed by random walks" (Windels, Malod-Dognin and Przulj, 2024,
// arXiv 2405.14194), there counted by GRADCO.
//
// Graphlets are the connected graphs of two to four nodes; in each, nodes that
// some symmetry exchanges form an orbit. For each pair of orbits at some distance
// within the graphlet, an orbit adjacency is the matrix of how many induced
// graphlets have node u on the first orbit and v on the second. There are 28 of
// them. Walks of up to three steps see some of their sums, and nothing of the
// others.
//
//	graphlet      orbits
//	G0 edge       0
//	G1 path       1 end, 2 middle
//	G2 triangle   3
//	G3 path       4 end, 5 inner
//	G4 claw       6 leaf, 7 centre
//	G5 cycle      8
//	G6 paw        9 the pendant, 10 the triangle's nodes of degree 2, 11 that of degree 3
//	G7 diamond    12 degree 2, 13 degree 3
//	G8 clique     14
//
// With A the adjacency matrix, d degrees, N(u) neighbours, W(u,v) = N(u) and N(v)
// in common, and for an edge uv T = |W(u,v)|, O(u,v) = d_v - 1 - T(u,v), for other
// pairs P = |W(u,v)|, all 0 elsewhere:
//
//	[1-2] = O                [1-1] = P                [3-3] = T
//	[14-14], [12-12] = edges within W(u,v), of an edge uv and of another pair
//	[13-13] = T(T-1)/2 - [14-14]
//	[8-8]'  = P(P-1)/2 - [12-12]
//	[12-13] = sum_{w in W(u,v)} (T(v,w) - 1) - 2 [14-14]
//	[8-8]   = sum_{w in N(v)-N(u)} (P(u,w) - 1) - [12-13](u,v)
//	[9-11]  = (sum_{w in N(v)-N(u)} T(v,w) - [12-13]) / 2
//	[9-10]  = sum_{m in W(u,v)} T(m,v) - 2 [12-12]
//	[10-10] = sum_{w in W(u,v)} O(u,w) - [12-13]
//	[10-11] = T O - [12-13]
//	[6-6]   = sum_{m in W(u,v)} (O(u,m) - 1) - [9-10]
//	[6-7]   = O(O-1)/2 - [9-11]
//	[4-5]   = sum_{w in N(v)-N(u)} O(v,w) - [8-8]
//	[4-5]'  = sum_{m in W(u,v)} O(m,v) - 2 [8-8]'
//	[5-5]   = O(u,v) O(v,u) - [8-8]
//	[4-4]   = sum_{y not in N(u)} P(u,y) A(y,v) - [9-10]
//
// where ' marks the version at two hops of a pair that there is at one hop, too.
//
// Everything but T is computed a row at a time, on all cores: from u, two steps
// give all sums but that of [4-4], which takes a third. The cost is that of the
// triangles, of sum_v d_v^2 steps, of sum_{edges} T^2, and for [4-4] of a degree
// for each pair at distance two, which is most of it. Results do not depend on the
// number of cores. The formulas are our own; the factorisation that makes
// embeddings of the matrices is a truncated SVD.
package orbit

import (
	"fmt"
	"slices"
)

// Pair is a pair of orbits, with their distance within the graphlet.
type Pair struct{ Hop, From, To int }

// String is "4-5", and "4-5'" for the version at two hops of a pair that there
// is at one hop, too.
func (p Pair) String() string {
	s := fmt.Sprintf("%d-%d", p.From, p.To)
	if p.Hop > 1 && slices.Contains(pairs, Pair{1, p.From, p.To}) {
		s += "'"
	}
	return s
}

// Graphlet is the number k of the graphlet G_k that the orbits belong to.
func (p Pair) Graphlet() int {
	return [...]int{0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 7, 8}[p.From]
}

// Pairs returns the 28 pairs: 19 at one hop, 8 at two and one at three.
func Pairs() []Pair { return slices.Clone(pairs) }

var pairs = []Pair{
	{1, 0, 0}, {1, 1, 2}, {1, 2, 1}, {1, 3, 3}, {1, 4, 5}, {1, 5, 4}, {1, 5, 5}, {1, 6, 7}, {1, 7, 6}, {1, 8, 8},
	{1, 9, 11}, {1, 11, 9}, {1, 10, 10}, {1, 10, 11}, {1, 11, 10}, {1, 12, 13}, {1, 13, 12}, {1, 13, 13}, {1, 14, 14},
	{2, 1, 1}, {2, 4, 5}, {2, 5, 4}, {2, 6, 6}, {2, 8, 8}, {2, 9, 10}, {2, 10, 9}, {2, 12, 12},
	{3, 4, 4},
}
