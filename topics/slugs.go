package topics

import (
	"fmt"
	"strings"
	"unicode"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/assign"
	"github.com/offprint/offprint/methods/vector"
)

// sameTopic is how much a topic must have in common with an earlier one to take
// over its address.
const sameTopic = .5

// keepSlugs gives topics the addresses of those of an earlier model that they
// are most like, one to one, and new ones to the rest.
func (m *Model) keepSlugs(earlier *Model) error {
	taken := make(map[string]bool)
	if earlier != nil && len(earlier.Topics) > 0 {
		for j := range earlier.Topics {
			taken[earlier.Topics[j].Slug] = true // a page that is gone must not become another's
		}
		alike := mat.NewDense(len(m.Topics), len(earlier.Topics), nil)
		for k := range m.Topics {
			for j := range earlier.Topics {
				alike.Set(k, j, likeness(&m.Topics[k], &earlier.Topics[j]))
			}
		}
		match, _, err := assign.Max(alike)
		if err != nil {
			return fmt.Errorf("topics: match with the earlier ones: %w", err)
		}
		for k, j := range match {
			if j >= 0 && alike.At(k, j) >= sameTopic {
				m.Topics[k].Slug = earlier.Topics[j].Slug
			}
		}
	}
	for k := range m.Topics {
		t := &m.Topics[k]
		if t.Slug != "" {
			continue
		}
		base := slugOf(t.Name)
		t.Slug = base
		for n := 2; taken[t.Slug]; n++ {
			t.Slug = fmt.Sprintf("%s-%d", base, n)
		}
		taken[t.Slug] = true
	}
	return nil
}

// likeness is the share of words in common plus the cosine of the centres, which
// is about 0 where another encoder made them: then words alone decide.
func likeness(a, b *Topic) float64 {
	in := make(map[string]bool)
	for _, w := range a.Words {
		in[keyOf(strings.Fields(w))] = true
	}
	common := 0.0
	for _, w := range b.Words {
		if in[keyOf(strings.Fields(w))] {
			common++
		}
	}
	if n := max(len(a.Words), len(b.Words)); n > 0 {
		common /= float64(n)
	}
	if len(a.Centre) != len(b.Centre) {
		return common
	}
	return common + max(0, float64(vector.Dot(a.Centre, b.Centre)))
}

// slugOf is a name as part of an address.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "topic"
}
