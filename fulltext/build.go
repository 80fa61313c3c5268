package fulltext

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/offprint/offprint"
)

// Builder makes a segment of papers. The zero Builder is ready. It is not safe
// for use by several goroutines at once.
type Builder struct {
	papers []builderPaper
	found  []occurrence // of all papers, a paper after the other

	terms []string
	ids   map[string]int32    // of terms
	words map[string]wordInfo // by word as written
	names map[string]int32    // terms of authors' words
	forms []form

	scanner scanner
}

type builderPaper struct {
	paper  *offprint.Paper
	end    int // of its occurrences
	length uint32
}

type occurrence struct {
	term     int32
	position uint32 // with joinedBit, if it is a compound
}

// joinedBit marks compounds, which count but have no position of their own:
// phrases consist of words.
const joinedBit = 1 << 31

// wordInfo is what a word as written leads to.
type wordInfo struct {
	term int32
	form int32 // -1 if the word is found by its stem
}

type form struct {
	word  string
	last  int32 // paper that it was seen in
	count int32
}

// Len returns how many papers have been added.
func (b *Builder) Len() int { return len(b.papers) }

// Add adds a paper. Its ID and Listed are read by [Builder.Build], so that the
// text can be worked on before the paper has them.
func (b *Builder) Add(p *offprint.Paper) {
	b.init()
	length := titleWeight * b.addText(p.Title, 0, textStart)
	next := textStart
	for _, text := range [...]string{p.Abstract, p.Summary, p.Comment} {
		if text != "" {
			n := b.addText(text, next, authorStart)
			length += n
			next += n + fieldGap
		}
	}
	next = authorStart
	for i, name := range p.Authors {
		next += b.addText(name, next, authorEnd) + fieldGap
		b.addName(name, i)
	}
	for _, c := range categoryTerms(p.Categories) {
		b.found = append(b.found, occurrence{b.termID(c), 0})
	}
	if hasCode(p) {
		b.found = append(b.found, occurrence{b.termID(codeTerm), 0})
	}
	b.papers = append(b.papers, builderPaper{p, len(b.found), uint32(length)})
}

func (b *Builder) init() {
	if b.ids == nil {
		b.ids, b.words, b.names = make(map[string]int32), make(map[string]wordInfo), make(map[string]int32)
	}
}

// AddAll adds papers, on all processors.
func (b *Builder) AddAll(papers []*offprint.Paper) {
	const enough = 100 // papers for a processor
	parts := min(runtime.GOMAXPROCS(0), len(papers)/enough)
	if parts <= 1 {
		for _, p := range papers {
			b.Add(p)
		}
		return
	}
	builders := make([]Builder, parts)
	var group sync.WaitGroup
	for i := range builders {
		group.Go(func() {
			for _, p := range papers[i*len(papers)/parts : (i+1)*len(papers)/parts] {
				builders[i].Add(p)
			}
		})
	}
	group.Wait()
	if len(b.papers) == 0 {
		*b, builders = builders[0], builders[1:]
	}
	for i := range builders {
		b.join(&builders[i])
	}
}

// join adds what other has, and uses it up.
func (b *Builder) join(other *Builder) {
	ids := make([]int32, len(other.terms)) // in b
	for i, t := range other.terms {
		ids[i] = b.termID(t)
	}
	for _, o := range other.found {
		b.found = append(b.found, occurrence{ids[o.term], o.position})
	}
	start := len(b.found) - len(other.found)
	for _, p := range other.papers {
		b.papers = append(b.papers, builderPaper{p.paper, start + p.end, p.length})
	}
	for _, f := range other.forms {
		info, ok := b.words[f.word]
		if !ok {
			info = b.addWord(f.word)
		}
		b.forms[info.form].count += f.count
	}
}

// addText indexes the words of a text, at positions from start and below end,
// and returns how many words it has.
func (b *Builder) addText(text string, start, end int) int {
	n := 0
	b.scanner.scan(text, func(w word) {
		if start+w.position >= end-fieldGap {
			return
		}
		position := uint32(start + w.position)
		if w.joined {
			position |= joinedBit
		} else {
			n++
		}
		info, ok := b.words[string(w.text)]
		if !ok {
			info = b.addWord(string(w.text))
		}
		b.found = append(b.found, occurrence{info.term, position})
		if info.form >= 0 {
			if f := &b.forms[info.form]; f.count == 0 || f.last != int32(len(b.papers)) {
				f.last = int32(len(b.papers))
				f.count++
			}
		}
	})
	return n
}

// addName indexes the words of an author's name.
func (b *Builder) addName(name string, ordinal int) {
	b.scanner.scan(name, func(w word) {
		if w.joined {
			return
		}
		id, ok := b.names[string(w.text)]
		if !ok {
			id = b.termID(authorPrefix + string(w.text))
			b.names[string(w.text)] = id
		}
		// A word twice in a name is there once.
		if n := len(b.found); n == 0 || b.found[n-1] != (occurrence{id, uint32(ordinal)}) {
			b.found = append(b.found, occurrence{id, uint32(ordinal)})
		}
	})
}

func (b *Builder) addWord(w string) wordInfo {
	t := stem(w)
	info := wordInfo{b.termID(t), -1}
	if !strings.HasPrefix(t, w) {
		info.form = int32(len(b.forms))
		b.forms = append(b.forms, form{word: w})
	}
	b.words[w] = info
	return info
}

func (b *Builder) termID(term string) int32 {
	id, ok := b.ids[term]
	if !ok {
		id = int32(len(b.terms))
		b.terms = append(b.terms, term)
		b.ids[term] = id
	}
	return id
}

// Build writes the segment's blocks by calling emit, which may keep data, and
// returns its table. Of papers with the same ID the last one counts. Papers
// must have IDs above 0. The builder is used up.
func (b *Builder) Build(emit func(number int, data []byte) error) (table []byte, err error) {
	order := b.order()
	byTerm, starts := b.invert(order)

	n := len(order)
	ids, lengths, listed := make([]int64, n), make([]uint32, n), make([]offprint.Date, n)
	for doc, k := range order {
		p := b.papers[k]
		ids[doc], lengths[doc], listed[doc] = p.paper.ID, p.length, p.paper.Listed
	}

	w := &writer{emit: emit}
	if err := b.writeTerms(w, byTerm, starts); err != nil {
		return nil, err
	}
	return appendSegment(nil, ids, lengths, listed, w.firsts, w.posBlocks), nil
}

// order returns the papers to be written, by ID.
func (b *Builder) order() []int {
	order := make([]int, len(b.papers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return int(min(max(b.papers[i].paper.ID-b.papers[j].paper.ID, -1), 1))
	})
	kept := order[:0]
	for i, k := range order {
		if i+1 == len(order) || b.papers[order[i+1]].paper.ID != b.papers[k].paper.ID {
			kept = append(kept, k)
		}
	}
	return kept
}

// place is an occurrence of a term in a paper.
type place struct{ doc, position uint32 }

// invert sorts the occurrences by term, then by paper in the given order. Those
// of term i are byTerm[starts[i]:starts[i+1]].
func (b *Builder) invert(order []int) (byTerm []place, starts []int) {
	starts = make([]int, len(b.terms)+1)
	for _, k := range order {
		for _, o := range b.foundIn(k) {
			starts[o.term+1]++
		}
	}
	for i := range b.terms {
		starts[i+1] += starts[i]
	}
	byTerm = make([]place, starts[len(b.terms)])
	next := slices.Clone(starts)
	for doc, k := range order {
		for _, o := range b.foundIn(k) {
			byTerm[next[o.term]] = place{uint32(doc), o.position}
			next[o.term]++
		}
	}
	return byTerm, starts
}

func (b *Builder) foundIn(k int) []occurrence {
	start := 0
	if k > 0 {
		start = b.papers[k-1].end
	}
	return b.found[start:b.papers[k].end]
}

func (b *Builder) writeTerms(w *writer, byTerm []place, starts []int) error {
	type named struct {
		term string
		id   int // of a term, or -1-i for form i
	}
	all := make([]named, 0, len(b.terms)+len(b.forms))
	for i, t := range b.terms {
		if starts[i] < starts[i+1] {
			all = append(all, named{t, i})
		}
	}
	for i, f := range b.forms {
		all = append(all, named{formPrefix + f.word, -1 - i})
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.term, b.term) })
	var p postings
	for _, t := range all {
		var err error
		if t.id < 0 {
			err = w.addForm(t.term, int(b.forms[-1-t.id].count))
		} else {
			p.fill(t.term, byTerm[starts[t.id]:starts[t.id+1]])
			err = w.add(t.term, &p)
		}
		if err != nil {
			return err
		}
	}
	return w.close()
}

// fill makes p the postings of a term that occurs at places.
func (p *postings) fill(term string, places []place) {
	p.reset()
	isWord := strings.IndexByte(term, ':') < 0
	hasPositions := isWord || strings.HasPrefix(term, authorPrefix)
	var positions [64]uint32
	for i := 0; i < len(places); {
		doc, tf, group := places[i].doc, 0, positions[:0]
		for ; i < len(places) && places[i].doc == doc; i++ {
			position := places[i].position
			tf += weightAt(position &^ joinedBit)
			if position&joinedBit == 0 {
				group = append(group, position)
			}
		}
		if !isWord {
			tf = 1
		}
		p.docs = append(p.docs, doc)
		p.tfs = append(p.tfs, byte(min(tf, maxTF)))
		if hasPositions {
			p.positions = appendGroup(p.positions, group)
			p.ends = append(p.ends, uint32(len(p.positions)))
		}
	}
}

// categoryTerms returns the terms of a paper's categories and their archives.
func categoryTerms(categories []string) []string {
	var terms []string
	add := func(name string) {
		if name != "" && len(name) < maxTerm-len(categoryPrefix) {
			if t := categoryPrefix + name; !slices.Contains(terms, t) {
				terms = append(terms, t)
			}
		}
	}
	for _, c := range categories {
		c = strings.ToLower(c)
		add(c)
		archive, _, _ := strings.Cut(c, ".")
		add(archive)
	}
	return terms
}

// categoryTerm returns the term that a filter such as cs.CL, cs or cs.* stands for.
func categoryTerm(filter string) string {
	return categoryPrefix + strings.TrimSuffix(strings.ToLower(filter), ".*")
}
