// Package catalogue lists the reproductions, in the order of the founding list.
package catalogue

import (
	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
)

// All are the reproductions that exist. Adding one is adding a line.
func All() []lab.Reproduction {
	return []lab.Reproduction{}
}

// BySlug finds a reproduction.
func BySlug(slug string) (lab.Reproduction, error) {
	for _, r := range All() {
		if r.Slug == slug {
			return r, nil
		}
	}
	if f, ok := offprint.FoundingBySlug(slug); ok {
		return lab.Reproduction{}, offprint.Errorf(offprint.KindNotFound, "%s (%s) has no reproduction yet: \"offprint list\" shows those that have.", f.Slug, f.Title)
	}
	return lab.Reproduction{}, offprint.Errorf(offprint.KindNotFound, "No paper of the founding list is called %q: \"offprint list\" shows them all.", slug)
}
