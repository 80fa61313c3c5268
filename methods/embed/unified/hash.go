package unified

// Hash maps a value of a feature, looked up for a probe of it, to a row.
type Hash func(feature, probe int, value uint64) int32

// probeSeeds is how many probes' seeds lie between those of two features.
const probeSeeds = 64

// Shared is the hash of feature multiplexing: each feature and each of its
// probes has a hash of its own into all of the rows.
func Shared(rows int, seed uint64) Hash {
	return func(feature, probe int, value uint64) int32 {
		return int32(Mix(value, seed^Mix(uint64(feature*probeSeeds+probe), 0)) % uint64(rows))
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

// Mix hashes a number with a seed: the finaliser of SplitMix64 (Steele, Lea and
// Flood, 2014), twice.
func Mix(value, seed uint64) uint64 { return finalise(value + finalise(seed+0x9e3779b97f4a7c15)) }

func finalise(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// HashString makes a value of a string (FNV-1a, 64 bits).
func HashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
