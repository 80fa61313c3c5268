package unified

import (
	"hash/fnv"
	"testing"
)

func FuzzHashString(f *testing.F) {
	for _, s := range []string{"", "a", "foobar", "cs.CL", "Ólafur", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s))
		if got := HashString(s); got != h.Sum64() {
			t.Errorf("hash of %q is %x, want %x", s, got, h.Sum64())
		}
	})
}

// Values that meet in one probe must not meet in the next, nor in another
// feature, more often than by chance.
func TestProbesAreIndependent(t *testing.T) {
	const rows, values = 97, 2000
	hash := Shared(rows, 1)
	for _, other := range [][2]int{{0, 1}, {1, 0}, {5, 3}} {
		both, pairs := 0, 0
		for a := range uint64(values) {
			for b := range a {
				if hash(0, 0, a) == hash(0, 0, b) {
					pairs++
					if hash(other[0], other[1], a) == hash(other[0], other[1], b) {
						both++
					}
				}
			}
		}
		if got := float64(both) / float64(pairs) * rows; got < .75 || got > 1.25 {
			t.Errorf("feature %d, probe %d: values that meet in feature 0 meet %.2f times as often as by chance", other[0], other[1], got)
		}
	}
}
