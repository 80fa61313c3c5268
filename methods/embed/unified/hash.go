package unified

import "github.com/offprint/offprint/methods/random"

// Hash maps a value of a feature, looked up for a probe of it, to a row.
type Hash func(feature, probe int, value uint64) int32

// probeSeeds is how many probes' seeds lie between those of two features.
const probeSeeds = 64

// Shared is the hash of feature multiplexing: each feature and each of its
// probes has a hash of its own into all of the rows.
func Shared(rows int, seed uint64) Hash {
	return func(feature, probe int, value uint64) int32 {
		return int32(random.Mix(value, seed^random.Mix(uint64(feature*probeSeeds+probe), 0)) % uint64(rows))
	}
}

// Separate is the hash of one table a feature: feature t has rows[t] rows of
// its own, one after the other.
func Separate(rows []int, seed uint64) Hash {
	first := make([]int, len(rows))
	hash := make([]Hash, len(rows))
	at := 0
	for t, n := range rows {
		first[t], hash[t] = at, Shared(n, seed)
		at += n
	}
	return func(feature, probe int, value uint64) int32 {
		return int32(first[feature]) + hash[feature](feature, probe, value)
	}
}

// Perfect is the hash without collisions, for features whose values are
// numbered from 0: feature t has vocab[t] rows, one a value. All probes of a
// value meet the same row.
func Perfect(vocab []int) Hash {
	first := make([]uint64, len(vocab))
	for t := 1; t < len(vocab); t++ {
		first[t] = first[t-1] + uint64(vocab[t-1])
	}
	return func(feature, _ int, value uint64) int32 { return int32(first[feature] + value) }
}

// HashString makes a value of a string (FNV-1a, 64 bits).
func HashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
