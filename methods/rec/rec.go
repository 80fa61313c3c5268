// Package rec has what methods of recommendation from interactions share: the
// interactions, how a recommender is measured on those that it has not seen,
// and the two simple recommenders that every other one must be compared with,
// [Popularity] and [EASE].
package rec

import (
	"fmt"
	"slices"
)

// Interactions are pairs (user, item) of users with items that they chose.
// Users are numbered 0..Users-1 and items 0..Items-1.
type Interactions struct {
	Users, Items int
	Pairs        [][2]int32
}

// Check returns an error if a pair is out of range.
func (x Interactions) Check() error {
	for _, p := range x.Pairs {
		if p[0] < 0 || int(p[0]) >= x.Users || p[1] < 0 || int(p[1]) >= x.Items {
			return fmt.Errorf("rec: pair (%d, %d) among %d users and %d items", p[0], p[1], x.Users, x.Items)
		}
	}
	return nil
}

// ByUser returns each user's items, ascending, each once.
func (x Interactions) ByUser() [][]int32 {
	lists := make([][]int32, x.Users)
	for _, p := range x.Pairs {
		lists[p[0]] = append(lists[p[0]], p[1])
	}
	for u, l := range lists {
		slices.Sort(l)
		lists[u] = slices.Compact(l)
	}
	return lists
}

// Popularity is the number of interactions of each item: the scores of a
// recommender that knows nobody.
func Popularity(x Interactions) []float32 {
	n := make([]float32, x.Items)
	for _, p := range x.Pairs {
		n[p[1]]++
	}
	return n
}

// Hit is a recommended item.
type Hit struct {
	Item  int32
	Score float32
}
