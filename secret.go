package offprint

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// NewSecret returns 32 random bytes in base64url without padding (43
// characters), for links, tokens and sessions.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashSecret returns the SHA-256 of a secret, which is what is stored of it. A
// secret of [NewSecret] has 256 bits of entropy, so that a slow hash would add
// nothing.
func HashSecret(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
