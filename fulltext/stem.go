package fulltext

import (
	"strings"
	"sync"

	"github.com/kljensen/snowball/english"
)

// stem returns the word's stem by the Porter2 (English) algorithm of the
// Snowball project. Words with a digit or a letter beyond ASCII stay as they are.
func stem(w string) string {
	if len(w) < 3 || stopWords[w] {
		return w
	}
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return w
		}
	}
	if regular, ok := irregular[w]; ok {
		w = regular
	}
	return stems.of(w)
}

// irregular gives a word with the same stem for those that the algorithm, which
// knows only endings, takes for something else.
var irregular = map[string]string{
	"embed": "embedding", "embeds": "embedding",
	"analyses": "analysis", "corpora": "corpus", "criteria": "criterion", "formulae": "formula", "hypotheses": "hypothesis",
	"indices": "index", "matrices": "matrix", "maxima": "maximum", "minima": "minimum", "optima": "optimum",
	"phenomena": "phenomenon", "spectra": "spectrum", "syntheses": "synthesis", "vertices": "vertex",
}

// stems remembers stems, since they take a microsecond each to work out.
var stems stemCache

type stemCache struct {
	mu    sync.RWMutex
	words map[string]string
}

// maxStems bounds the memory of a stemCache to some megabytes.
const maxStems = 1 << 16

func (c *stemCache) of(w string) string {
	c.mu.RLock()
	t, ok := c.words[w]
	c.mu.RUnlock()
	if ok {
		return t
	}
	w = strings.Clone(w)
	if t = english.Stem(w, false); t == w {
		t = w // share its bytes
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.words == nil || len(c.words) >= maxStems {
		c.words = make(map[string]string)
	}
	c.words[w] = t
	return t
}

// stopWords are so common that a search leaves them out, unless they stand in a
// phrase or there is nothing else.
var stopWords = func() map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(`a an and are as at be been but by can for from has have in into is it its of on
		or our such that the their these they this those to was we were which while will with`) {
		m[w] = true
	}
	return m
}()
