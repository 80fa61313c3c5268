// Package rec has the reproductions of the family rec, recommendation.
package rec

import (
	"cmp"
	"slices"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec"
)

// split is interactions to learn from, and later ones to be found.
type split struct{ train, test rec.Interactions }

// gowalla is a part of the check-ins of gowalla: of the users first..last-1,
// and the 2,000 places that most of them visited, the first 2,000 users with at
// least 5 of these places, and something to be found. Of each user, keep random
// places (all, if 0) stay in train, and the rest must be found, too.
func gowalla(first, last int32, keep int) (split, error) {
	const places, users, least = 2000, 2000, 5
	x, err := dataset.ReadGowalla()
	if err != nil {
		return split{}, err
	}
	train, test := map[int32][]int32{}, map[int32][]int32{}
	visits := map[int32]int{}
	for _, p := range x.Train {
		if u := p[0]; u >= first && u < last {
			train[u] = append(train[u], p[1])
			visits[p[1]]++
		}
	}
	for _, p := range x.Test {
		test[p[0]] = append(test[p[0]], p[1])
	}
	var popular []int32
	for i := range visits {
		popular = append(popular, i)
	}
	slices.SortFunc(popular, func(a, b int32) int { return cmp.Or(cmp.Compare(visits[b], visits[a]), cmp.Compare(a, b)) })
	number := map[int32]int32{}
	for n, i := range popular[:min(places, len(popular))] {
		number[i] = int32(n)
	}
	known := func(items []int32) []int32 {
		var out []int32
		for _, i := range items {
			if n, ok := number[i]; ok {
				out = append(out, n)
			}
		}
		return out
	}
	s := split{rec.Interactions{Items: len(number)}, rec.Interactions{Items: len(number)}}
	rng := random.New(0, 41)
	n := int32(0)
	for u := first; u < last && n < users; u++ {
		in, out := known(train[u]), known(test[u])
		if len(in) < least || len(out) == 0 {
			continue
		}
		if keep > 0 && len(in) > keep {
			rng.Shuffle(len(in), func(a, b int) { in[a], in[b] = in[b], in[a] })
			out = append(out, in[keep:]...)
			in = in[:keep]
		}
		for _, i := range in {
			s.train.Pairs = append(s.train.Pairs, [2]int32{n, i})
		}
		for _, i := range out {
			s.test.Pairs = append(s.test.Pairs, [2]int32{n, i})
		}
		n++
	}
	s.train.Users, s.test.Users = int(n), int(n)
	return s, nil
}
