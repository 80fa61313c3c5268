package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/fulltext"
)

// indexed is a full-text index with what it should find, by itself: without
// papers in the paper table.
type indexed struct {
	store  *Store
	papers map[int64]*offprint.Paper
}

func (x *indexed) write(tb testing.TB, ix *searchIndex, papers []*offprint.Paper, gone []int64) {
	tb.Helper()
	err := x.store.write(tb.Context(), "index", func(tx *sql.Tx) error {
		return errors.Join(ix.add(tb.Context(), tx, papers), ix.remove(tb.Context(), tx, gone...))
	})
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range papers {
		x.papers[p.ID] = p
	}
	for _, id := range gone {
		delete(x.papers, id)
	}
}

func (x *indexed) search(tb testing.TB, ix *searchIndex, text string, f searchFilter, sort offprint.Sort, offset, limit int) (hits []offprint.Hit, total int) {
	tb.Helper()
	q, err := offprint.ParseQuery(text)
	if err != nil {
		tb.Fatal(err)
	}
	err = x.store.read(tb.Context(), "search", func(tx *sql.Tx) error {
		hits, total, err = ix.search(tb.Context(), tx, q, f, sort, offset, limit)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return hits, total
}

// fresh finds the same in one new segment of all papers, in memory.
func (x *indexed) fresh(tb testing.TB, text string, limit int) (hits []offprint.Hit, total int) {
	tb.Helper()
	var b fulltext.Builder
	b.AddAll(slices.Collect(maps.Values(x.papers)))
	blocks := make(map[int][]byte)
	table, err := b.Build(func(number int, data []byte) error { blocks[number] = data; return nil })
	if err != nil {
		tb.Fatal(err)
	}
	seg, err := fulltext.OpenSegment(1, table)
	if err != nil {
		tb.Fatal(err)
	}
	q, err := offprint.ParseQuery(text)
	if err != nil {
		tb.Fatal(err)
	}
	index := fulltext.Index{Segments: []*fulltext.Segment{seg}, Fetch: func(refs []fulltext.BlockRef) (found [][]byte, err error) {
		for _, r := range refs {
			found = append(found, blocks[r.Number])
		}
		return found, nil
	}}
	top, total, err := index.Top(fulltext.Request{Query: q}, limit)
	if err != nil {
		tb.Fatal(err)
	}
	return after(top, 0), total
}

func somePaper(r *rand.Rand, id int64) *offprint.Paper {
	text := func(n int) string {
		words := make([]string, 1+r.IntN(n))
		for i := range words {
			words[i] = []string{"graph", "model", "language", "deep", "vision", "gpt-4", "proof", "rare", "attention", "data"}[min(r.IntN(10), r.IntN(10))]
		}
		return strings.Join(words, " ")
	}
	return &offprint.Paper{ID: id, Title: text(5), Abstract: text(40), Authors: []string{text(2)}, Listed: offprint.Date(20000 + r.IntN(50)), Categories: []string{"cs.CL"}}
}

var someQueries = []string{"graph", "rare model", `"deep graph"`, "gpt-4", "mod*", "language -proof", "author:rare", "-graph", "cat:cs.CL vision"}

// TestSearchIndexKeepsUp protects what is found against transactions that are
// rolled back, other processes, and merges: nothing that is cached is ever stale.
func TestSearchIndexKeepsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := indexed{openTemp(t), make(map[int64]*offprint.Paper)}
	processes := []*searchIndex{newSearchIndex(), newSearchIndex(), newSearchIndex()}
	errUndo := errors.New("undo")
	for round := range 60 {
		ix := processes[r.IntN(len(processes))]
		var papers []*offprint.Paper
		for range 1 + r.IntN(12) {
			papers = append(papers, somePaper(r, 1+r.Int64N(150)))
		}
		gone := []int64{1 + r.Int64N(150)}
		if r.IntN(3) == 0 {
			err := x.store.write(t.Context(), "index", func(tx *sql.Tx) error {
				if err := ix.add(t.Context(), tx, papers); err != nil {
					return err
				}
				// What this finds is cached, and must not outlive the transaction.
				if _, _, err := ix.search(t.Context(), tx, offprint.Query{Terms: []offprint.Term{{Text: "graph"}}}, searchFilter{}, "", 0, 5); err != nil {
					return err
				}
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				t.Fatal(err)
			}
		} else {
			x.write(t, ix, papers, gone)
		}
		text := someQueries[round%len(someQueries)]
		want, wantTotal := x.fresh(t, text, 20)
		for i, ix := range processes {
			got, total := x.search(t, ix, text, searchFilter{}, offprint.SortRelevance, 0, 20)
			if total != wantTotal || !slices.EqualFunc(got, want, func(a, b offprint.Hit) bool {
				return a.ID == b.ID && a.Score-b.Score < 1e-9 && b.Score-a.Score < 1e-9
			}) {
				t.Fatalf("round %d, process %d: %s:\n got %d %v\nwant %d %v", round, i, text, total, got, wantTotal, want)
			}
		}
	}
}

// TestSegmentsStayFew protects the time of a search, and the size of the file.
func TestSegmentsStayFew(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	x := indexed{openTemp(t), make(map[int64]*offprint.Paper)}
	ix := newSearchIndex()
	most := 0
	for i := range int64(200) {
		var papers []*offprint.Paper
		for k := range int64(1 + r.IntN(4)) {
			papers = append(papers, somePaper(r, 1+10*i+k))
		}
		x.write(t, ix, papers, nil)
		var n int
		if err := x.store.readers.QueryRowContext(t.Context(), `SELECT count(*) FROM segment`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
	}
	if most > maxSegments {
		t.Errorf("%d segments of %d papers", most, len(x.papers))
	}
	if n := len(ix.cached); n > 2*maxSegments+1 {
		t.Errorf("%d segments are cached", n)
	}
	var orphans int
	err := x.store.readers.QueryRowContext(t.Context(), `SELECT count(*) FROM posting WHERE id >> 20 NOT IN (SELECT id FROM segment)`).Scan(&orphans)
	if err != nil || orphans > 0 {
		t.Errorf("%d blocks of segments that are gone (%v)", orphans, err)
	}

	// Once all papers are gone, so is everything else.
	x.write(t, ix, []*offprint.Paper{somePaper(r, 1)}, slices.Collect(maps.Keys(x.papers)))
	err = x.store.write(t.Context(), "compact", func(tx *sql.Tx) error {
		for range maxSegments + 1 {
			if err := ix.compact(t.Context(), tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var left int
	if err := x.store.readers.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM posting) + (SELECT count(*) FROM segment)`).Scan(&left); err != nil || left > 0 {
		t.Errorf("%d rows are left (%v)", left, err)
	}
}

func TestToMerge(t *testing.T) {
	segment := func(papers int) *fulltext.Segment {
		var b fulltext.Builder
		for i := range papers {
			b.Add(&offprint.Paper{ID: int64(i + 1)})
		}
		table, err := b.Build(func(int, []byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		s, err := fulltext.OpenSegment(int64(papers), table)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct{ sizes, want []int }{
		{[]int{5, 5, 5}, nil},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 50}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{[]int{30, 1, 50, 1, 1, 3, 1, 1, 1, 1, 1, 1}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 3}},
		{[]int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}, nil},
	} {
		var segments []*fulltext.Segment
		for _, n := range c.sizes {
			segments = append(segments, segment(n))
		}
		var got []int
		for _, s := range toMerge(segments) {
			got = append(got, s.Len())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("of %v: %v, want %v", c.sizes, got, c.want)
		}
	}
}

// TestSearchOrders compares all orders, for few matches and many, with sorting.
func TestSearchOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	x := indexed{openTemp(t), make(map[int64]*offprint.Paper)}
	ix := newSearchIndex()
	var papers []*offprint.Paper
	for id := range int64(3000) {
		p := somePaper(r, id+1)
		p.Abstract = "common"
		if id%50 == 0 {
			p.Abstract += " scarce"
		}
		if r.IntN(2) == 0 { // more than are walked for few matches
			p.HasHeat, p.Heat = true, float64(r.IntN(40))
		}
		if r.IntN(20) == 0 {
			p.Votes = r.IntN(4)
		}
		papers = append(papers, p)
	}
	x.write(t, ix, papers, nil)
	if err := insertBare(t.Context(), x.store, papers); err != nil {
		t.Fatal(err)
	}
	byTime := func(a, b *offprint.Paper) int {
		return cmp.Or(cmp.Compare(b.Listed, a.Listed), cmp.Compare(b.ID, a.ID))
	}
	rankOf := map[offprint.Sort]func(p *offprint.Paper) float64{
		offprint.SortTime:  func(*offprint.Paper) float64 { return 0 },
		offprint.SortVotes: func(p *offprint.Paper) float64 { return float64(p.Votes) },
		offprint.SortTrending: func(p *offprint.Paper) float64 {
			if p.HasHeat {
				return 1 + p.Heat
			}
			return 0
		},
	}
	filter := searchFilter{First: 20003, Last: 20047, Except: map[int64]struct{}{5: {}, 51: {}, 101: {}}}
	for _, word := range []string{"common", "scarce"} {
		var match []*offprint.Paper
		for _, p := range papers {
			if _, out := filter.Except[p.ID]; !out && p.Listed >= filter.First && p.Listed <= filter.Last && strings.Contains(p.Abstract, word) {
				match = append(match, p)
			}
		}
		for sort, rank := range rankOf {
			slices.SortFunc(match, func(a, b *offprint.Paper) int { return cmp.Or(cmp.Compare(rank(b), rank(a)), byTime(a, b)) })
			for _, offset := range []int{0, 10, 200, 5000} {
				hits, total := x.search(t, ix, word, filter, sort, offset, 30)
				var got, want []int64
				for _, h := range hits {
					got = append(got, h.ID)
				}
				for _, p := range match[min(offset, len(match)):min(offset+30, len(match))] {
					want = append(want, p.ID)
				}
				if total != len(match) || !slices.Equal(got, want) {
					t.Errorf("%s by %s from %d: %d\n got %v\nwant %v", word, sort, offset, total, got, want)
				}
			}
		}
	}
}

// insertBare stores what the orders of a search are read from.
func insertBare(ctx context.Context, s *Store, papers []*offprint.Paper) error {
	return s.write(ctx, "insert papers", func(tx *sql.Tx) error {
		for _, p := range papers {
			heat := sql.NullFloat64{Float64: p.Heat, Valid: p.HasHeat}
			_, err := tx.ExecContext(ctx, `INSERT INTO paper (id, key, listed, heat, votes, withdrawn, published, updated, arxiv_id, doi, title, authors, categories, comment, journal, links, versions, origins, summary, abstract)
				VALUES (?, ?, ?, ?, ?, 0, 0, 0, '', '', '', '', '', '', '', '', '', '', '', '')`, p.ID, fmt.Sprint(p.ID), p.Listed, heat, p.Votes)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
