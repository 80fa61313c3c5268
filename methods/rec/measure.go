package rec

import (
	"math"
	"slices"

	"github.com/offprint/offprint/methods/eval"
)

// Quality says how well a recommender ranks the items that users chose later.
type Quality struct {
	Recall, NDCG float64   // means over users
	Users        []int     // users with a test item, ascending
	UserRecall   []float64 // of each of Users
}

// Measure ranks, for each user with a test item, all items that are not among
// the user's training items, and looks at the first k. scores sets dst, one
// value an item, to a user's scores. Recall is the share of the user's test
// items that are found; NDCG compares with the best ranking there is.
func Measure(train, test Interactions, k int, scores func(user int, dst []float32)) Quality {
	var q Quality
	seen := train.ByUser()
	dst := make([]float32, train.Items)
	lowest := float32(math.Inf(-1))
	for u, wanted := range test.ByUser() {
		if len(wanted) == 0 {
			continue
		}
		scores(u, dst)
		for _, i := range seen[u] {
			dst[i] = lowest
		}
		relevant := make(map[int]bool, len(wanted))
		for _, i := range wanted {
			relevant[int(i)] = true
		}
		top := eval.Top(dst, k, nil)
		recall := eval.Recall(top, relevant, k)
		q.Recall += recall
		q.NDCG += eval.NDCG(top, relevant, k)
		q.Users = append(q.Users, u)
		q.UserRecall = append(q.UserRecall, recall)
	}
	q.Recall /= float64(len(q.Users))
	q.NDCG /= float64(len(q.Users))
	return q
}

// Recommend returns the k items with the highest scores, best first, without
// those in seen.
func Recommend(scores []float32, seen []int32, k int) []Hit {
	top := eval.Top(scores, k, func(i int) bool { return slices.Contains(seen, int32(i)) })
	hits := make([]Hit, len(top))
	for r, i := range top {
		hits[r] = Hit{int32(i), scores[i]}
	}
	return hits
}
