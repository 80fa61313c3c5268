package random

// Mix hashes a number with a seed: the finaliser of SplitMix64 (Steele, Lea and
// Flood, 2014), twice. Hashes with different seeds are independent for all
// that an embedding table can tell.
func Mix(value, seed uint64) uint64 { return finalise(value + finalise(seed+0x9e3779b97f4a7c15)) }

func finalise(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
