package offprint

import (
	"encoding/hex"
	"regexp"
	"testing"
)

func TestSecret(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		s := NewSecret()
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(s) || seen[s] {
			t.Fatalf("secret %q", s)
		}
		seen[s] = true
	}
	// The test vector of FIPS 180-4.
	if got := hex.EncodeToString(HashSecret("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}
