package topics

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/offprint/offprint/methods/text"
)

const (
	longestPhrase = 4  // words
	fewestTitles  = 4  // with a phrase, in a topic that is named after it
	mostWords     = 12 // of a topic
	nameParts     = 2  // phrases of a name
)

// generic are words that say how a paper goes about it, not what it is about: a
// phrase neither begins nor ends with one, nor consists of them.
var generic = wordSet(`approach approaches framework frameworks method methods model models modeling modelling
	task tasks system systems analysis study studies evaluation evaluating benchmark benchmarks benchmarking
	dataset datasets data novel new efficient effective robust scalable improving improved enhancing enhanced
	towards toward via using based driven aware guided learning application applications survey review
	comprehensive unified propose proposed exploring understanding investigating rethinking beyond case
	problem problems performance results technique techniques strategy strategies algorithm algorithms
	is are be can do does how what why when where which who not no all need you we it its their your our
	from with without for and or the an in on of to by at as into through under over across against between
	one two three first high low large small better simple general generalizable adaptive dynamic
	challenge challenges track report technical solution solutions perspective introducing making bridging
	leveraging harnessing unlocking unveiling empowering advancing revisiting designing developing building
	me my more most less if than that this these those there`)

func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// phrase is a run of words of titles, counted in all its spellings under its key.
type phrase struct {
	words  []string // as written most often
	counts []int32  // titles of each topic
	titles int32    // of all
}

// name fills in the topics' words and names.
func (m *Model) name(ctx context.Context, in *Input, of []int) error {
	phrases, err := countPhrases(ctx, in.Titles, of, len(m.Topics))
	if err != nil {
		return err
	}
	ranked := m.rankPhrases(phrases, of)
	taken := make(map[string]bool)
	for k := range m.Topics {
		t := &m.Topics[k]
		t.Words, t.Name = nil, ""
		var parts []string
		for _, r := range ranked[k] {
			if len(t.Words) < mostWords && !repeats(t.Words, r.text) {
				t.Words = append(t.Words, r.text)
			}
			if len(parts) < nameParts && !taken[r.key] && !shareWord(parts, r.text) {
				parts = append(parts, r.text)
				taken[r.key] = true
			}
		}
		t.Name = capital(strings.Join(parts, ", "))
	}
	m.tellApart()
	return nil
}

// tellApart gives names to topics that have none or another's.
func (m *Model) tellApart() {
	seen := make(map[string]bool)
	for k := range m.Topics {
		t := &m.Topics[k]
		if t.Name == "" {
			t.Name = "Other papers"
		}
		base := t.Name
		for n := 2; seen[fold(t.Name)]; n++ {
			t.Name = base + " " + roman(n)
		}
		seen[fold(t.Name)] = true
	}
}

func roman(n int) string {
	var b strings.Builder
	for _, d := range []struct {
		value int
		digit string
	}{{50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= d.value; n -= d.value {
			b.WriteString(d.digit)
		}
	}
	return b.String()
}

type rankedPhrase struct {
	key, text string
	score     float64
}

// rankPhrases orders each topic's phrases by how well they tell it from the
// others: titles with the phrase times the logarithm of how much likelier it is
// in the topic (class-based TF-IDF, with the phrase's length as a bonus).
func (m *Model) rankPhrases(phrases map[string]*phrase, of []int) [][]rankedPhrase {
	size := make([]float64, len(m.Topics))
	var total float64
	for _, k := range of {
		if k >= 0 {
			size[k]++
			total++
		}
	}
	ranked := make([][]rankedPhrase, len(m.Topics))
	for key, p := range phrases {
		for k, c := range p.counts {
			if c < fewestTitles {
				continue
			}
			inside, outside := float64(c)/size[k], (float64(p.titles)-float64(c)+.5)/(total-size[k]+1)
			if inside <= 2*outside {
				continue
			}
			s := float64(c) * math.Log(inside/outside) * (1 + .5*float64(len(p.words)-1))
			ranked[k] = append(ranked[k], rankedPhrase{key, strings.Join(p.words, " "), s})
		}
	}
	for k := range ranked {
		slices.SortFunc(ranked[k], func(a, b rankedPhrase) int {
			return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.key, b.key))
		})
	}
	return ranked
}

// countPhrases counts the phrases of titles, by key.
func countPhrases(ctx context.Context, titles []string, of []int, topics int) (map[string]*phrase, error) {
	phrases := make(map[string]*phrase)
	spellings := make(map[string]map[string]int)
	for i, title := range titles {
		if of[i] < 0 {
			continue
		}
		if i%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		seen := make(map[string]bool)
		for _, run := range runs(title) {
			for from := range run {
				for to := from + 1; to <= min(len(run), from+longestPhrase); to++ {
					words := run[from:to]
					if !names(words) {
						continue
					}
					key := keyOf(words)
					if seen[key] {
						continue
					}
					seen[key] = true
					p := phrases[key]
					if p == nil {
						p = &phrase{counts: make([]int32, topics)}
						phrases[key] = p
						spellings[key] = make(map[string]int)
					}
					p.titles++
					p.counts[of[i]]++
					spellings[key][strings.Join(words, " ")]++
				}
			}
		}
	}
	for key, p := range phrases {
		if slices.Max(p.counts) < fewestTitles {
			delete(phrases, key)
			continue
		}
		best := ""
		for s, n := range spellings[key] {
			if b := spellings[key][best]; n > b || n == b && s < best {
				best = s
			}
		}
		p.words = strings.Fields(best)
	}
	return phrases, nil
}

// runs are a title's words, split where punctuation ends a phrase.
func runs(title string) [][]string {
	var all [][]string
	var run []string
	end := func() {
		if len(run) > 0 {
			all = append(all, run)
			run = nil
		}
	}
	for _, field := range strings.Fields(title) {
		word := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if word == "" {
			end()
			continue
		}
		if !strings.HasPrefix(field, word) {
			end()
		}
		if strings.IndexFunc(word, unicode.IsLetter) < 0 || strings.ContainsAny(word, `\${}^_/:()[]`) {
			end()
			continue
		}
		run = append(run, word)
		if !strings.HasSuffix(field, word) {
			end()
		}
	}
	end()
	return all
}

// names reports whether words can name a topic.
func names(words []string) bool {
	plain := func(w string) bool {
		w = strings.ToLower(w)
		return generic[w] || utf8.RuneCountInString(w) == 1 || unicode.IsLetter(rune(w[0])) && len(text.Tokens(w)) == 0
	}
	return !plain(words[0]) && !plain(words[len(words)-1])
}

// keyOf is the same for singular and plural, and whatever the case.
func keyOf(words []string) string {
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = fold(w)
	}
	return strings.Join(folded, " ")
}

func fold(w string) string {
	w = strings.ToLower(w)
	if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "is") && !strings.HasSuffix(w, "us") {
		w = w[:len(w)-1]
	}
	return w
}

// repeats reports whether a phrase says what one of others says already.
func repeats(others []string, s string) bool {
	s = " " + keyOf(strings.Fields(s)) + " "
	for _, o := range others {
		o = " " + keyOf(strings.Fields(o)) + " "
		if strings.Contains(o, s) || strings.Contains(s, o) {
			return true
		}
	}
	return false
}

// shareWord reports whether a phrase has a word of one of others.
func shareWord(others []string, s string) bool {
	for _, o := range others {
		for _, a := range strings.Fields(o) {
			for _, b := range strings.Fields(s) {
				if fold(a) == fold(b) {
					return true
				}
			}
		}
	}
	return false
}

// capital begins a name with a capital.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
