package rank

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/offprint/offprint/fulltext"
	"github.com/offprint/offprint/methods/random"
)

// Recurrence knows how likely a text is to say a word again: of the halves of
// texts that have it, how many are of a text whose other half has it, too. The
// word "robust" hardly comes back, a method's name does, and one that has come
// twice comes a third time.
//
// It ranks papers by a passage, a text of some sentences, where a search by
// words finds too much. The score of a paper is the log-odds that it and the
// passage are parts of one text, with each word independent of the others: for a
// word that occurs j times in the one and k times in the other
//
//	match(j,k) = ln P(k | j, one text) / P(k)
//	miss(j)    = ln (1 - a_j) / (1 - p),  a_j = P(k > 0 | j, one text), p = P(k > 0)
//
// and miss for the words of either that the other does not have. That words of
// the passage's subject are common near it is taken into p from the papers that
// are ranked: p = (n + 300·p_0)/(papers + 300) for a word in n of them and in a
// share p_0 of all. (K. Church, "Empirical estimates of adaptation", COLING
// 2000, measures a; S. Robertson and K. Spärck Jones, JASIS 27, 1976, rank by
// such odds.)
type Recurrence struct {
	halves float64
	words  map[string]recurs
	counts [kinds][commonness]table
}

// recurs counts the halves that have a word, and those of them whose other half
// has it, too.
type recurs struct{ one, both int32 }

// table counts how many words occur j times in a half and k times in the other.
type table [most + 1][most + 1]float32

const (
	most       = 4  // times; more are as many
	commonness = 18 // classes of words by the binary logarithm of their number
	fewestSeen = 3  // halves that a word must be in to be counted by itself

	likeClass = 5   // halves in which a word is thought to be like its class
	likeAll   = 300 // papers in which those that are ranked are thought to be like all
)

// Words are of a kind by how they are written.
const (
	plain    = iota
	named    // with a capital or a digit inside, such as BERT or k2: taken as written, beside its stem
	compound // joined from parts, such as gpt4 for GPT-4
	kinds
)

type token struct {
	kind int
	word string
}

// bag counts the words of a text.
type bag map[token]int

func (b bag) add(text string) {
	for _, t := range fulltext.Tokenize(text) {
		if t.Joined {
			b[token{compound, t.Term}]++
			continue
		}
		if t.Stop {
			continue
		}
		b[token{plain, t.Term}]++
		if name, ok := nameOf(text[t.Start:t.End]); ok {
			b[token{named, name}]++
		}
	}
}

// nameOf returns a word as written, without a plural's s, if it looks like a name.
func nameOf(written string) (string, bool) {
	marks := 0
	for i, c := range []byte(written) {
		if c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9' {
			marks++
		}
	}
	if n := len(written) - 1; n > 1 && written[n] == 's' {
		written = written[:n]
	}
	return written, marks >= 2
}

// key is the word in the table of words, apart by kind.
func (t token) key() string { return string('0'+rune(t.kind)) + t.word }

func class(halves float64) int { return min(bits.Len(uint(halves+1))-1, commonness-1) }

// LearnRecurrence counts the words of texts, each of which is cut into two random
// halves of its sentences; one of a single sentence is left out.
func LearnRecurrence(ctx context.Context, texts []string, seed uint64) (*Recurrence, error) {
	r := &Recurrence{words: make(map[string]recurs)}
	rng := random.New(seed, 0)
	// Twice, for classes need the words' numbers: bags of all would be large.
	pass := func(visit func(a, b bag)) error {
		rng = random.New(seed, 0)
		for i, text := range texts {
			if i%100 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			sentences := Sentences(text)
			if len(sentences) < 2 {
				continue
			}
			a, b := make(bag), make(bag)
			for i, s := range rng.Perm(len(sentences)) {
				if 2*i < len(sentences) {
					a.add(sentences[s])
				} else {
					b.add(sentences[s])
				}
			}
			visit(a, b)
		}
		return nil
	}
	err := pass(func(a, b bag) {
		r.halves += 2
		for t := range a {
			w := r.words[t.key()]
			w.one++
			if b[t] > 0 {
				w.one++
				w.both += 2
			}
			r.words[t.key()] = w
		}
		for t := range b {
			if a[t] == 0 {
				w := r.words[t.key()]
				w.one++
				r.words[t.key()] = w
			}
		}
	})
	if err != nil {
		return nil, err
	}
	err = pass(func(a, b bag) {
		for t, j := range a {
			k := b[t]
			r.count(t, j, k)
			r.count(t, k, j)
		}
		for t, k := range b {
			if a[t] == 0 {
				r.count(t, 0, k)
				r.count(t, k, 0)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for key, w := range r.words {
		if w.one < fewestSeen {
			delete(r.words, key)
		}
	}
	return r, nil
}

// count counts a word in the class of those that are as common without this text.
func (r *Recurrence) count(t token, j, k int) {
	own := 1
	if j > 0 && k > 0 {
		own = 2
	}
	r.counts[t.kind][class(float64(int(r.words[t.key()].one)-own))][min(j, most)][min(k, most)]++
}

// odds are what a word says, by how often it occurs.
type odds struct {
	match [most + 1][most + 1]float64
	miss  [most + 1]float64
}

// odds of a word that is in n of the papers that are ranked.
func (r *Recurrence) odds(t token, n, papers int) *odds {
	w := r.words[t.key()]
	one := float64(w.one)
	p := (one + .5) / (r.halves + 1)
	p = min((float64(n)+likeAll*p)/(float64(papers)+likeAll), .9)

	c := &r.counts[t.kind][class(one)]
	var row, both [most + 1]float64
	present, again := 0., 0.
	for j := 1; j <= most; j++ {
		for k, x := range c[j] {
			row[j] += float64(x)
			if k > 0 {
				both[j] += float64(x)
			}
		}
		present += row[j]
		again += both[j]
	}
	a := (again + 1) / (present + 2)
	own := (float64(w.both) + likeClass*a) / (one + likeClass)
	shift := own / (1 - own) / (a / (1 - a)) // of the word, beside its class
	o := new(odds)
	for j := 1; j <= most; j++ {
		aj := (both[j] + likeClass*a) / (row[j] + likeClass)
		aj = shift * aj / (1 - aj)
		aj = max(p, min(aj/(1+aj), .98))
		o.miss[j] = math.Log((1 - aj) / (1 - p))
		for k := 1; k <= most; k++ {
			usual := (row[k] + 1) / (present + most)
			o.match[j][k] = math.Log(aj / p * (float64(c[j][k]) + likeClass*usual) / (both[j] + likeClass) / usual)
		}
	}
	return o
}

// Scores are the log-odds that each paper, given by its text, and the passage
// are parts of one text, up to a number that is the same for all.
func (r *Recurrence) Scores(passage string, papers []string) []float64 {
	query := make(bag)
	query.add(passage)
	bags, within := make([]bag, len(papers)), make(map[token]int)
	for i, text := range papers {
		bags[i] = make(bag)
		bags[i].add(text)
		for t := range bags[i] {
			within[t]++
		}
	}
	known := make(map[token]*odds)
	scores := make([]float64, len(papers))
	for i, b := range bags {
		parts := make([]float64, 0, len(b))
		for t, k := range b {
			o := known[t]
			if o == nil {
				o = r.odds(t, within[t], len(papers))
				known[t] = o
			}
			k = min(k, most)
			if j := min(query[t], most); j > 0 {
				parts = append(parts, o.match[j][k]-o.miss[j])
			} else {
				parts = append(parts, o.miss[k])
			}
		}
		slices.Sort(parts) // so that the sum does not depend on the map's order
		for _, x := range parts {
			scores[i] += x
		}
	}
	return scores
}
