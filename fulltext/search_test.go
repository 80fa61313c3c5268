package fulltext

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint"
)

// memory is an index whose blocks are in memory.
type memory struct {
	segments []*Segment
	blocks   map[BlockRef][]byte
	next     int64
}

func newMemory() *memory { return &memory{blocks: make(map[BlockRef][]byte)} }

func (m *memory) index() *Index {
	return &Index{Segments: m.segments, Fetch: func(refs []BlockRef) ([][]byte, error) {
		blocks := make([][]byte, len(refs))
		for i, r := range refs {
			var ok bool
			if blocks[i], ok = m.blocks[r]; !ok {
				return nil, fmt.Errorf("there is no block %v", r)
			}
		}
		return blocks, nil
	}}
}

func (m *memory) emit(id int64) func(int, []byte) error {
	return func(number int, data []byte) error {
		ref := BlockRef{id, number}
		if m.blocks[ref] != nil {
			return fmt.Errorf("block %v is written twice", ref)
		}
		m.blocks[ref] = data
		return nil
	}
}

func (m *memory) add(papers ...*offprint.Paper) error {
	var ids []int64
	var b Builder
	b.AddAll(papers)
	for _, p := range papers {
		ids = append(ids, p.ID)
	}
	if err := m.remove(ids...); err != nil {
		return err
	}
	m.next++
	table, err := b.Build(m.emit(m.next))
	return errors.Join(err, m.open(table))
}

func (m *memory) open(table []byte) error {
	seg, err := OpenSegment(m.next, table)
	m.segments = append(m.segments, seg)
	return err
}

func (m *memory) remove(ids ...int64) error {
	for i, seg := range m.segments {
		if bitmap := seg.Remove(ids); bitmap != nil {
			var err error
			if m.segments[i], err = seg.WithRemoved(bitmap); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge makes one segment of segments [from:to].
func (m *memory) merge(from, to int) error {
	m.next++
	table, err := Merge(m.segments[from:to], func(segment int64, number int) ([]byte, error) {
		b, err := m.index().Fetch([]BlockRef{{segment, number}})
		if err != nil {
			return nil, err
		}
		return b[0], nil
	}, m.emit(m.next))
	if err != nil {
		return err
	}
	m.segments = slices.Delete(m.segments, from, to)
	return m.open(table)
}

// scanAll answers requests by looking at all papers.
type scanAll struct {
	papers map[int64]*offprint.Paper
	tokens map[string][]Token // of texts
	words  map[string]bool    // as written, of all papers there have ever been
}

func newScanAll() *scanAll {
	return &scanAll{make(map[int64]*offprint.Paper), make(map[string][]Token), make(map[string]bool)}
}

func (s *scanAll) add(p *offprint.Paper) {
	s.papers[p.ID] = p
	for _, t := range textsOf(p) {
		for _, tok := range s.tokenize(t.text) {
			s.words[tok.Word] = true
		}
	}
}

func (s *scanAll) tokenize(text string) []Token {
	tokens, ok := s.tokens[text]
	if !ok {
		tokens = Tokenize(text)
		s.tokens[text] = tokens
	}
	return tokens
}

type weighted struct {
	text   string
	weight int
	length int // weight of its words in the paper's length
}

func textsOf(p *offprint.Paper) []weighted {
	texts := []weighted{{p.Title, 3, 3}, {p.Abstract, 1, 1}, {p.Summary, 1, 1}, {p.Comment, 1, 1}}
	for _, a := range p.Authors {
		texts = append(texts, weighted{a, 2, 0})
	}
	return texts
}

func (s *scanAll) length(p *offprint.Paper) int {
	n := 0
	for _, t := range textsOf(p) {
		for _, tok := range s.tokenize(t.text) {
			if !tok.Joined {
				n += t.length
			}
		}
	}
	return n
}

// tf returns how often a paper satisfies a clause.
func (s *scanAll) tf(p *offprint.Paper, c clause) int {
	tf := 0
	switch {
	case strings.HasPrefix(c.term, categoryPrefix):
		name := strings.TrimPrefix(c.term, categoryPrefix)
		for _, cat := range p.Categories {
			if archive, _, _ := strings.Cut(cat, "."); strings.EqualFold(cat, name) || strings.EqualFold(archive, name) {
				tf = 1
			}
		}
	case c.term == codeTerm:
		if hasCode(p) {
			tf = 1
		}
	case strings.HasPrefix(c.term, authorPrefix) || len(c.parts) > 0 && !c.near:
		parts := c.parts
		if len(parts) == 0 {
			parts = []string{c.term}
		}
		for _, a := range p.Authors {
			words := make(map[string]bool)
			for _, tok := range s.tokenize(a) {
				words[authorPrefix+tok.Word] = !tok.Joined || words[authorPrefix+tok.Word]
			}
			if !slices.ContainsFunc(parts, func(w string) bool { return !words[w] }) {
				tf = 1
			}
		}
	default:
		stems := map[string]bool{c.term: c.term != ""}
		if c.prefix != "" {
			for w := range s.words {
				if strings.HasPrefix(w, c.prefix) || strings.HasPrefix(stem(w), c.prefix) {
					stems[stem(w)] = true
				}
			}
		}
		phrase := 0
		for _, t := range textsOf(p) {
			var words []string
			for _, tok := range s.tokenize(t.text) {
				if stems[tok.Term] {
					tf += t.weight
				}
				if !tok.Joined {
					words = append(words, tok.Term)
				}
			}
			for i := 0; len(c.parts) > 0 && i+len(c.parts) <= len(words); i++ {
				if slices.Equal(words[i:i+len(c.parts)], c.parts) {
					phrase += t.weight
				}
			}
		}
		tf = max(tf, phrase)
	}
	return min(tf, 255)
}

// top is what [Index.Top] should return, without a limit.
func (s *scanAll) top(r Request) []Hit {
	clauses, ok := clausesOf(r.Query)
	if !ok {
		return nil
	}
	total := 0
	df := make([]int, len(clauses))
	for _, p := range s.papers {
		total += s.length(p)
		for i, c := range clauses {
			if s.tf(p, c) > 0 {
				df[i]++
			}
		}
	}
	n := float64(len(s.papers))
	average := float64(total) / n
	var hits []Hit
papers:
	for _, p := range s.papers {
		h := Hit{ID: p.ID, Listed: p.Listed}
		for i, c := range clauses {
			tf := float64(s.tf(p, c))
			if tf > 0 == c.not {
				continue papers
			}
			if c.scored {
				idf := math.Log(1 + (n-float64(df[i])+0.5)/(float64(df[i])+0.5))
				h.Score += idf * tf * 2.2 / (tf + 1.2*(1-0.75+0.75*float64(s.length(p))/average))
			}
		}
		q := r.Query
		if r.First != 0 || r.Last != 0 {
			if p.Listed == 0 || p.Listed < r.First || p.Listed > r.Last {
				continue
			}
		}
		if q.After != 0 && (p.Listed == 0 || p.Listed < q.After) || q.Before != 0 && (p.Listed == 0 || p.Listed >= q.Before) {
			continue
		}
		if _, ok := r.Only[p.ID]; !ok && r.Only != nil {
			continue
		}
		if _, ok := r.Except[p.ID]; ok {
			continue
		}
		hits = append(hits, h)
	}
	slices.SortFunc(hits, compareHits)
	return hits
}

var vocabulary = strings.Fields(`deep learning learned learn model models GPT-4 gpt4 gpt 4 pre-training pretraining
	training the of attention embedding embeddings embed Gödel 机器学习 学习 self-attention self state-of-the-art
	$k$-means means 2.5 Qwen2.5 model's generalise generalisation universe university`)

func randomText(r *rand.Rand, n int) string {
	words := make([]string, r.IntN(n+1))
	for i := range words {
		// Squared, so that some words are common and others rare.
		words[i] = vocabulary[int(math.Pow(r.Float64(), 2)*float64(len(vocabulary)))]
	}
	return strings.Join(words, " ")
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func randomPaper(r *rand.Rand, id int64) *offprint.Paper {
	p := &offprint.Paper{ID: id, Title: randomText(r, 6), Abstract: randomText(r, 30), Listed: offprint.Date(r.IntN(6))}
	if r.IntN(4) == 0 {
		p.Comment = randomText(r, 5)
	}
	for range r.IntN(4) {
		p.Authors = append(p.Authors, pick(r, "Jane", "John", "Kurt", "Jean-Luc")+" "+pick(r, "Doe", "Gödel", "Learning", "Picard Doe"))
	}
	for range r.IntN(3) {
		p.Categories = append(p.Categories, pick(r, "cs.CL", "cs.CV", "hep-th", "stat.ML"))
	}
	if r.IntN(3) == 0 {
		p.Links = []offprint.Link{{Kind: offprint.LinkCode}}
	}
	return p
}

func randomRequest(r *rand.Rand, papers int64) Request {
	var req Request
	q := &req.Query
	for range r.IntN(4) {
		t := offprint.Term{Text: pick(r, vocabulary...), Not: r.IntN(8) == 0}
		switch r.IntN(4) {
		case 0:
			t.Phrase = true
			for range r.IntN(3) {
				t.Text += " " + pick(r, vocabulary...)
			}
		case 1:
			t.Prefix = true
			runes := []rune(t.Text)
			t.Text = string(runes[:1+r.IntN(len(runes))])
		}
		q.Terms = append(q.Terms, t)
	}
	rare := func() bool { return r.IntN(8) == 0 }
	if rare() {
		q.Cats = []string{pick(r, "cs", "cs.CL", "cs.*", "hep-th")}
	}
	if rare() {
		q.NotCats = []string{pick(r, "cs", "cs.CV", "stat.ML")}
	}
	if rare() {
		q.Authors = []string{pick(r, "doe", "jane doe", "picard jean-luc", "kurt godel", "Doe Doe")}
	}
	if rare() {
		q.NotAuthors = []string{pick(r, "doe", "jane doe")}
	}
	if rare() {
		q.After = offprint.Date(r.IntN(6))
	}
	if rare() {
		q.Before = offprint.Date(r.IntN(6))
	}
	q.HasCode, q.NoCode = rare(), rare()
	if rare() {
		req.First, req.Last = offprint.Date(r.IntN(4)), offprint.Date(3+r.IntN(3))
	}
	set := func() map[int64]struct{} {
		m := make(map[int64]struct{})
		for range r.IntN(20) {
			m[1+r.Int64N(papers)] = struct{}{}
		}
		return m
	}
	if rare() {
		req.Only = set()
	}
	if rare() {
		req.Except = set()
	}
	return req
}

// TestSearchMatchesScan protects the whole engine: whatever the segments,
// merges, replacements and removals, the hits, their order, scores and number
// are those of looking at all papers.
func TestSearchMatchesScan(t *testing.T) {
	rounds := 25
	if testing.Short() {
		rounds = 8
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		m, all := newMemory(), newScanAll()
		papers := int64(10 + r.IntN(400))
		for len(all.papers) < int(papers*3/4) {
			if err := change(r, m, all, papers); err != nil {
				t.Fatal(err)
			}
		}
		for range 60 {
			req := randomRequest(r, papers)
			checkRequest(t, r, m.index(), all, req)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// change adds, replaces, removes or merges something.
func change(r *rand.Rand, m *memory, all *scanAll, papers int64) error {
	switch n := len(m.segments); {
	case n > 1 && r.IntN(4) == 0:
		from := r.IntN(n)
		return m.merge(from, from+1+r.IntN(n-from))
	case r.IntN(6) == 0:
		id := 1 + r.Int64N(papers)
		delete(all.papers, id)
		return m.remove(id)
	}
	batch := make(map[int64]*offprint.Paper)
	for range 1 + r.IntN(int(papers)/2) {
		p := randomPaper(r, 1+r.Int64N(papers))
		batch[p.ID] = p
		all.add(p)
	}
	return m.add(slices.Collect(maps.Values(batch))...)
}

func checkRequest(t *testing.T, r *rand.Rand, x *Index, all *scanAll, req Request) {
	t.Helper()
	want := all.top(req)
	limit := r.IntN(30)
	got, total, err := x.Top(req, limit)
	if err != nil {
		t.Fatalf("%v: %v", req, err)
	}
	if total != len(want) {
		t.Errorf("%+v: %d in all, want %d", req, total, len(want))
	}
	want = want[:min(limit, len(want))]
	same := slices.EqualFunc(got, want, func(a, b Hit) bool {
		return a.ID == b.ID && a.Listed == b.Listed && math.Abs(a.Score-b.Score) < 1e-9
	})
	if !same && !sameButTies(got, want) {
		t.Errorf("%+v:\n got %v\nwant %v", req, got, want)
	}

	m, err := x.Match(req)
	if err != nil {
		t.Fatalf("%v: %v", req, err)
	}
	want = all.top(req)
	if m.Len() != len(want) {
		t.Errorf("%+v: %d match, want %d", req, m.Len(), len(want))
	}
	for i := range want {
		want[i].Score = 0
		if !m.Contains(want[i].ID) {
			t.Errorf("%+v: %d is not in the set", req, want[i].ID)
		}
	}
	slices.SortFunc(want, compareHits)
	if got := m.Newest(limit, nil); !slices.Equal(got, want[:min(limit, len(want))]) {
		t.Errorf("%+v: newest\n got %v\nwant %v", req, got, want)
	}
}

// sameButTies allows papers whose scores differ by rounding to change places.
func sameButTies(got, want []Hit) bool {
	return slices.EqualFunc(got, want, func(a, b Hit) bool { return math.Abs(a.Score-b.Score) < 1e-9 })
}

// TestManyPapers has terms in more papers than a run and blocks hold.
func TestManyPapers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	m, all := newMemory(), newScanAll()
	for part := range int64(3) {
		var papers []*offprint.Paper
		for i := range int64(1000) {
			p := randomPaper(r, 1+i*3+part) // interleaved, so that merging has to sort
			all.add(p)
			papers = append(papers, p)
		}
		if err := m.add(papers...); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		for range 6 {
			checkRequest(t, r, m.index(), all, randomRequest(r, 3000))
		}
	}
	check()
	if err := m.merge(0, 3); err != nil {
		t.Fatal(err)
	}
	check()
}

func TestStopWordsAndPhrases(t *testing.T) {
	m := newMemory()
	err := m.add(
		&offprint.Paper{ID: 1, Title: "Attention Is All You Need", Authors: []string{"Ashish Vaswani", "Noam Shazeer"}},
		&offprint.Paper{ID: 2, Title: "All attention to need", Abstract: "What you are."},
		&offprint.Paper{ID: 3, Title: "GPT-4 Technical Report", Abstract: "embedding"},
		&offprint.Paper{ID: 4, Title: "A gpt4 and a GPT 4", Abstract: "Pre-training of C"},
		&offprint.Paper{ID: 5, Title: "To be", Comment: "pretraining", Authors: []string{"Ashish Noam"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]int64{
		`attention is all you need`: {1, 2},
		`"attention is all"`:        {1},
		`"to be"`:                   {5},
		`to be`:                     {5},
		`gpt-4`:                     {3, 4},
		`gpt4 -technical`:           {4},
		`"gpt 4"`:                   {3, 4},
		`gpt`:                       {3, 4},
		`pre-training`:              {4, 5},
		`pretraining`:               {4, 5},
		`embeddi*`:                  {3},
		`vaswani`:                   {1},
		`author:"ashish vaswani"`:   {1},
		`author:"ashish noam"`:      {5},
		`author:ashish`:             {1, 5},
		`-attention`:                {3, 4, 5},
		`"noam shazeer ashish"`:     nil,
		`"vaswani noam"`:            nil, // not across authors
		`nowhere attention`:         nil,
	} {
		q, err := offprint.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		matches, err := m.index().Match(Request{Query: q})
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for h := range matches.All {
			got = append(got, h.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	if got, n, err := m.index().Top(Request{Query: offprint.Query{Terms: []offprint.Term{{Text: "?!"}}}}, 5); got != nil || n != 0 || err != nil {
		t.Errorf("a query without words: %v, %d, %v", got, n, err)
	}
}
