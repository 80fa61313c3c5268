package eval

import "cmp"

// Select returns the indices of the k highest scores in ascending order of
// index, preferring the lower index among equals: the set that [Top] returns
// sorted. It takes time in proportion to len(scores), whatever k is.
func Select[F ~float32 | ~float64](scores []F, k int) []int {
	k = min(k, len(scores))
	if k <= 0 {
		return nil
	}
	least := kth(append([]F(nil), scores...), k)
	equal := k // how many of those equal to the least are taken
	for _, s := range scores {
		if s > least {
			equal--
		}
	}
	out := make([]int, 0, k)
	for i, s := range scores {
		if s > least {
			out = append(out, i)
		} else if s == least && equal > 0 {
			equal--
			out = append(out, i)
		}
	}
	return out
}

// kth returns the k-th largest of x, from 1, and reorders x (Hoare's selection).
func kth[F cmp.Ordered](x []F, k int) F {
	lo, hi := 0, len(x)-1
	for lo < hi {
		pivot := median(x[lo], x[lo+(hi-lo)/2], x[hi])
		i, j := lo, hi
		for i <= j {
			for x[i] > pivot {
				i++
			}
			for x[j] < pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k-1 <= j:
			hi = j
		case k-1 >= i:
			lo = i
		default:
			return pivot
		}
	}
	return x[lo]
}

func median[F cmp.Ordered](a, b, c F) F { return max(min(a, b), min(max(a, b), c)) }
