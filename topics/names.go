package topics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestPhrase = 4   // words
	fewestTitles  = 4   // with a phrase, in a topic that is named after it
	leastShare    = .01 // of a topic's titles that have the phrase
	mostWords     = 12  // of a topic
	nameParts     = 2   // phrases of a name
	candidates    = 200 // phrases of a topic, from which its words and name are taken
	compound      = 2   // times as good a name as a single word
	lessOfLonger  = .5  // of the titles with a phrase, for a longer one to take its place
)

// plainWords say how a paper goes about its subject, not what that is: no phrase
// begins or ends with one.
var plainWords = wordSet(`approach approaches framework frameworks method methods study studies evaluation evaluating
	benchmark benchmarks benchmarking dataset datasets novel new efficient effective robust scalable improving
	improved enhancing enhanced towards toward via using based driven aware guided application applications
	comprehensive unified propose proposed exploring understanding investigating rethinking beyond case problem
	problems performance results technique techniques strategy strategies is are be can do does how what why when
	where which who not no all need you we it its their your our from with without for and or the an in on of to by
	at as into through under over across against between one two three first high low large-scale large small better simple
	general generalizable adaptive dynamic challenge challenges track report technical solution solutions
	perspective perspectives introducing making bridging leveraging harnessing unlocking unveiling empowering advancing
	revisiting designing developing building me my more most less if than that this these those there capabilities
	capability assessing measuring evaluations automated automatic automating recent advances future directions
	opportunities systematic trends real-world multi improve enhance accurate fast fine learning-based state-of-the-art
	training training-free end-to-end extended version accelerating mitigating detecting explaining learning-driven
	lightweight comparative analyzing optimizing predicting generating modeling exploiting integrating combining
	practical theoretical empirical lessons insights evidence role impact effects effect guide introduction
	a about after all also am any because been before being below both but could did during each few further has have
	having her here his i if just may might must nor now off once only or other out own same shall should so some such
	them then they those though thus until up upon us very was were whether while whose why will within would you yours
	show shows paper meets era current emerging progress frontier frontiers understand far ability real need beyond
	human-like complex diverse different multiple single many every their open`)

// headWords end a phrase, but are none by themselves, and begin none.
var headWords = wordSet(`model models learning task tasks system systems analysis algorithm algorithms data modelling
	generation detection recognition estimation classification prediction understanding optimization network networks
	neural deep language processing reconstruction synthesis representation representations image images video videos visual
	text design control research planning reasoning search knowledge information features feature inference architecture
	methods interaction extraction structure intelligence ai llm llms generative artificial machine natural computer
	object objects human humans context pre-trained foundation set sets domain scene scenes scientific
	temporal spatial semantic local global latent linear optimal discrete multimodal token tokens`)

// joins are words within a phrase that make it two.
var joins = wordSet(`a an and are as at by for from how in into is on or over that the through to towards under using via
	what when where which while with within without`)

func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// phrase is a run of words of titles, counted in all its spellings under its key.
type phrase struct {
	key     string
	words   []string // as written most often
	counts  []int32  // titles of each topic
	titles  int32    // of all
	written map[string]int32
}

// name fills in the topics' words and names.
func (m *Model) name(ctx context.Context, in *Input, of []int) error {
	phrases, err := countPhrases(ctx, in.Titles, of, len(m.Topics))
	if err != nil {
		return err
	}
	ranked := m.rankPhrases(phrases)
	m.has(in.Titles, of, ranked)
	words := make([][]string, len(m.Topics))
	names := make([][]string, len(m.Topics))
	taken := make(map[string]bool)
	for k := range m.Topics {
		for _, r := range ranked[k] {
			if s := strings.Join(r.words, " "); len(words[k]) < mostWords && !repeats(words[k], s) {
				words[k] = append(words[k], s)
			}
		}
		names[k] = nameFrom(ranked[k], taken)
	}
	written := running(in, words, names)
	for k := range m.Topics {
		t := &m.Topics[k]
		t.Words = make([]string, len(words[k]))
		for i, w := range words[k] {
			t.Words[i] = written.phrase(w)
		}
		for i, w := range names[k] {
			names[k][i] = written.phrase(w)
		}
		t.Name = capital(strings.Join(names[k], ", "))
	}
	m.tellApart()
	return nil
}

// nameFrom chooses the phrases of a topic's name: the one that tells most, then
// the one that tells most of the titles without it.
func nameFrom(ranked []rankedPhrase, taken map[string]bool) []string {
	var chosen []string
	covered := make(map[int32]bool)
	for len(chosen) < nameParts {
		best, at := 0., -1
		for i, r := range ranked {
			if taken[r.key] || sayAlready(chosen, r.words) {
				continue
			}
			left := 0
			for _, title := range r.titles {
				if !covered[title] {
					left++
				}
			}
			s := r.score * float64(left) / float64(len(r.titles))
			if len(parts(r.words)) > 1 {
				s *= compound
			}
			if s > best {
				best, at = s, i
			}
		}
		if at < 0 {
			break
		}
		r := ranked[at]
		chosen = append(chosen, strings.Join(r.words, " "))
		taken[r.key] = true
		for _, title := range r.titles {
			covered[title] = true
		}
	}
	return chosen
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
			t.Name = fmt.Sprintf("%s (%d)", base, n)
		}
		seen[fold(t.Name)] = true
	}
}

type rankedPhrase struct {
	*phrase
	score  float64
	titles []int32 // of the topic, that have it
}

// rankPhrases orders each topic's phrases by how well they tell it from the
// others: titles with the phrase times the logarithm of how much likelier it is
// in the topic (class-based TF-IDF), more for longer ones.
func (m *Model) rankPhrases(phrases map[string]*phrase) [][]rankedPhrase {
	total := 0.
	for k := range m.Topics {
		total += float64(m.Topics[k].Papers)
	}
	ranked := make([][]rankedPhrase, len(m.Topics))
	for _, p := range phrases {
		for k, c := range p.counts {
			size := float64(m.Topics[k].Papers)
			if float64(c) < max(fewestTitles, leastShare*size) {
				continue
			}
			inside, outside := float64(c)/size, (float64(p.outside(k))+.5)/(total-size+1)
			lift := math.Log(inside / outside)
			if lift < math.Log(3) {
				continue
			}
			s := float64(c) * lift * lift * (1 + .3*float64(min(len(p.words), 3)-1))
			ranked[k] = append(ranked[k], rankedPhrase{phrase: p, score: s})
		}
	}
	for k := range ranked {
		slices.SortFunc(ranked[k], func(a, b rankedPhrase) int {
			return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.key, b.key))
		})
		ranked[k] = longer(ranked[k][:min(len(ranked[k]), candidates)], k)
	}
	return ranked
}

// outside is how many titles of other topics than k have the phrase.
func (p *phrase) outside(k int) int32 { return p.titles - p.counts[k] }

// longer leaves out phrases that are for the most part said as parts of longer
// ones ("Gaussian splatting", "3D Gaussian splatting").
func longer(ranked []rankedPhrase, k int) []rankedPhrase {
	var kept []rankedPhrase
	for _, a := range ranked {
		part := slices.ContainsFunc(ranked, func(b rankedPhrase) bool {
			return len(b.words) > len(a.words) && float64(b.counts[k]) >= lessOfLonger*float64(a.counts[k]) &&
				strings.Contains(" "+b.key+" ", " "+a.key+" ")
		})
		if !part {
			kept = append(kept, a)
		}
	}
	return kept
}

// countPhrases counts the phrases of titles, by key.
func countPhrases(ctx context.Context, titles []string, of []int, topics int) (map[string]*phrase, error) {
	phrases := make(map[string]*phrase)
	for i, title := range titles {
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if of[i] < 0 {
			continue
		}
		for key, words := range phrasesOf(title) {
			p := phrases[key]
			if p == nil {
				p = &phrase{key: key, counts: make([]int32, topics), written: make(map[string]int32)}
				phrases[key] = p
			}
			p.titles++
			p.counts[of[i]]++
			p.written[strings.Join(words, " ")]++
		}
	}
	for key, p := range phrases {
		if slices.Max(p.counts) < fewestTitles {
			delete(phrases, key)
			continue
		}
		best := ""
		for s, n := range p.written {
			if b := p.written[best]; n > b || n == b && s < best {
				best = s
			}
		}
		p.words = strings.Fields(best)
	}
	return phrases, nil
}

// has fills in which titles have the phrases.
func (m *Model) has(titles []string, of []int, ranked [][]rankedPhrase) {
	at := make([]map[string]int, len(ranked))
	for k := range ranked {
		at[k] = make(map[string]int, len(ranked[k]))
		for i, r := range ranked[k] {
			at[k][r.key] = i
		}
	}
	for i, title := range titles {
		k := of[i]
		if k < 0 {
			continue
		}
		for key := range phrasesOf(title) {
			if j, ok := at[k][key]; ok {
				ranked[k][j].titles = append(ranked[k][j].titles, int32(i))
			}
		}
	}
}

// phrasesOf are the phrases of a title, by key.
func phrasesOf(title string) map[string][]string {
	found := make(map[string][]string)
	for _, run := range runs(title) {
		for from := range run {
			for to := from + 1; to <= min(len(run), from+longestPhrase); to++ {
				if words := run[from:to]; names(words) {
					if key := keyOf(words); found[key] == nil {
						found[key] = words
					}
				}
			}
		}
	}
	return found
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
	for i, w := range words {
		w = strings.ToLower(w)
		inner := i > 0 && i < len(words)-1
		switch {
		case !inner && plainWords[w], inner && joins[w]:
			return false
		case i == 0 && headWords[w] && len(words) == 1:
			return false
		}
	}
	return !headWords[strings.ToLower(words[0])] || len(words) > 2 || !headWords[strings.ToLower(words[1])]
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
	if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.ContainsAny(w[len(w)-2:len(w)-1], "aisu") {
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

// sayAlready reports whether a phrase has a word, or another form of one, of
// others, or is short for one of them.
func sayAlready(others, words []string) bool {
	for _, o := range others {
		before := strings.Fields(o)
		if shortFor(before, words) || shortFor(words, before) {
			return true
		}
		for _, a := range parts(before) {
			for _, b := range parts(words) {
				if a, b = fold(a), fold(b); len(a) > len(b) {
					a, b = b, a
				}
				if a[:min(len(a), 5)] == b[:min(len(a), 5, len(b))] && (len(a) > 3 || a == b) {
					return true
				}
			}
		}
	}
	return false
}

// parts are words, split at hyphens.
func parts(words []string) []string {
	return strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return r == ' ' || r == '-' })
}

// shortFor reports whether a word has the initials of others ("ASR" those of
// "speech recognition", among more).
func shortFor(short, words []string) bool {
	return len(short) == 1 && len(parts(words)) > 1 && strings.Contains(fold(short[0]), initials(words))
}

func initials(words []string) string {
	var b strings.Builder
	for _, w := range parts(words) {
		r, _ := utf8.DecodeRuneInString(strings.ToLower(w))
		b.WriteRune(r)
	}
	return b.String()
}

// capital begins a name with a capital.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
