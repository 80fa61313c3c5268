package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/fulltext"
)

// searchIndex is the full-text index, which is kept in the database beside the
// papers and changes with them in one transaction. In memory it has only the
// tables of its segments, about 16 bytes a paper.
type searchIndex struct {
	mu     sync.Mutex
	cached map[int64]cachedSegment // by id
	blocks blockCache
}

// cachedSegment is a segment as some transaction saw it. It is good for every
// transaction that sees the same stamps.
type cachedSegment struct {
	stamp, removals int64
	segment         *fulltext.Segment
}

func newSearchIndex() *searchIndex {
	return &searchIndex{cached: make(map[int64]cachedSegment)}
}

// searchFilter narrows a search.
type searchFilter struct {
	First, Last  offprint.Date      // listed within; both zero for any day
	Only, Except map[int64]struct{} // paper ids; nil for no restriction
}

const (
	// maxSegments is how many segments there may be before some are merged.
	// More of them make searching slower and importing faster.
	maxSegments = 10
	// fullSegment is the size in papers from which on a segment is not merged
	// any more, so that no transaction takes long.
	fullSegment = 1 << 17
)

// blockBits are the bits of posting.id that hold the block's number.
const blockBits = 20

// add indexes papers that are new or whose text, categories, links or day have
// changed. Earlier versions of them leave the index.
func (ix *searchIndex) add(ctx context.Context, tx *sql.Tx, papers []*offprint.Paper) error {
	if len(papers) == 0 {
		return nil
	}
	ids := make([]int64, len(papers))
	for i, p := range papers {
		ids[i] = p.ID
	}
	var b fulltext.Builder
	b.AddAll(papers)
	if err := ix.remove(ctx, tx, ids...); err != nil {
		return err
	}
	if err := ix.insert(ctx, tx, b.Build); err != nil {
		return err
	}
	return ix.compact(ctx, tx)
}

// remove takes papers out of the index. Those that are not in it do not matter.
func (ix *searchIndex) remove(ctx context.Context, tx *sql.Tx, ids ...int64) error {
	segments, _, err := ix.segments(ctx, tx)
	if err != nil {
		return err
	}
	for _, seg := range segments {
		if removed := seg.Remove(ids); removed != nil {
			_, err := tx.ExecContext(ctx, `UPDATE segment SET removals = ?, removed = ? WHERE id = ?`, newStamp(), removed, seg.ID())
			if err != nil {
				return fmt.Errorf("remove papers from the full-text index: %w", err)
			}
		}
	}
	return nil
}

// insert stores a segment that build makes.
func (ix *searchIndex) insert(ctx context.Context, tx *sql.Tx, build func(emit func(number int, data []byte) error) ([]byte, error)) error {
	var id int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) + 1 FROM segment`).Scan(&id); err != nil {
		return fmt.Errorf("add a segment: %w", err)
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO posting (id, data) VALUES (?, ?)`)
	if err != nil {
		return fmt.Errorf("add a segment: %w", err)
	}
	defer insert.Close()
	docs, err := build(func(number int, data []byte) error {
		_, err := insert.ExecContext(ctx, id<<blockBits+int64(number), data)
		return err
	})
	if err != nil {
		return fmt.Errorf("add a segment: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO segment (id, stamp, removals, docs) VALUES (?, ?, 0, ?)`, id, newStamp(), docs); err != nil {
		return fmt.Errorf("add a segment: %w", err)
	}
	return nil
}

// newStamp is never 0.
func newStamp() int64 { return 1 + rand.Int64N(1<<62) }

// compact merges segments if there are too many, or too many removed papers in
// one of them.
func (ix *searchIndex) compact(ctx context.Context, tx *sql.Tx) error {
	segments, _, err := ix.segments(ctx, tx)
	if err != nil {
		return err
	}
	merge := toMerge(segments)
	if len(merge) == 0 {
		return nil
	}
	if slices.ContainsFunc(merge, func(s *fulltext.Segment) bool { return s.Live() > 0 }) {
		read, err := tx.PrepareContext(ctx, `SELECT data FROM posting WHERE id = ?`)
		if err != nil {
			return fmt.Errorf("merge segments: %w", err)
		}
		defer read.Close()
		err = ix.insert(ctx, tx, func(emit func(int, []byte) error) ([]byte, error) {
			return fulltext.Merge(merge, func(segment int64, number int) (data []byte, err error) {
				err = read.QueryRowContext(ctx, segment<<blockBits+int64(number)).Scan(&data)
				return data, err
			}, emit)
		})
		if err != nil {
			return fmt.Errorf("merge segments: %w", err)
		}
	}
	for _, s := range merge {
		if _, err := tx.ExecContext(ctx, `DELETE FROM posting WHERE id >= ? AND id < ?`, s.ID()<<blockBits, (s.ID()+1)<<blockBits); err != nil {
			return fmt.Errorf("drop merged segments: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM segment WHERE id = ?`, s.ID()); err != nil {
			return fmt.Errorf("drop merged segments: %w", err)
		}
	}
	return nil
}

// toMerge chooses the segments to merge now, if any: the smaller ones, down
// from the largest that is not larger than all of those below it together. So a
// paper is at least in a twice as large segment after each merge that it takes
// part in, and takes part in few.
func toMerge(segments []*fulltext.Segment) []*fulltext.Segment {
	var small []*fulltext.Segment
	for _, s := range segments {
		if s.Live() <= s.Len()/2 {
			return []*fulltext.Segment{s}
		}
		if s.Live() < fullSegment {
			small = append(small, s)
		}
	}
	if len(small) <= maxSegments {
		return nil
	}
	slices.SortFunc(small, func(a, b *fulltext.Segment) int { return cmp.Compare(a.Live(), b.Live()) })
	below, count := 0, 0
	for i, s := range small {
		if i > 0 && s.Live() <= below {
			count = i + 1
		}
		below += s.Live()
	}
	return small[:count]
}

// segments returns the live segments as tx sees them, and their stamps by id.
func (ix *searchIndex) segments(ctx context.Context, tx *sql.Tx) ([]*fulltext.Segment, map[int64]int64, error) {
	type row struct{ id, stamp, removals int64 }
	var rows []row
	err := query(ctx, tx, func(r scanner) error {
		var s row
		err := r.Scan(&s.id, &s.stamp, &s.removals)
		rows = append(rows, s)
		return err
	}, `SELECT id, stamp, removals FROM segment`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the segments: %w", err)
	}
	segments := make([]*fulltext.Segment, len(rows))
	stamps := make(map[int64]int64, len(rows))
	for i, s := range rows {
		if segments[i], err = ix.segment(ctx, tx, s.id, s.stamp, s.removals); err != nil {
			return nil, nil, fmt.Errorf("read segment %d: %w", s.id, err)
		}
		stamps[s.id] = s.stamp
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if len(ix.cached) > len(rows)+maxSegments {
		live := make(map[int64]cachedSegment, len(rows))
		for _, s := range rows {
			live[s.id] = ix.cached[s.id]
		}
		ix.cached = live
	}
	return segments, stamps, nil
}

func (ix *searchIndex) segment(ctx context.Context, tx *sql.Tx, id, stamp, removals int64) (*fulltext.Segment, error) {
	ix.mu.Lock()
	c := ix.cached[id]
	ix.mu.Unlock()
	if c.stamp == stamp && c.removals == removals {
		return c.segment, nil
	}
	if c.stamp != stamp {
		var docs []byte
		if err := tx.QueryRowContext(ctx, `SELECT docs FROM segment WHERE id = ?`, id).Scan(&docs); err != nil {
			return nil, err
		}
		segment, err := fulltext.OpenSegment(id, docs)
		if err != nil {
			return nil, err
		}
		c = cachedSegment{stamp: stamp, segment: segment}
	}
	if c.removals != removals {
		var removed []byte
		if err := tx.QueryRowContext(ctx, `SELECT removed FROM segment WHERE id = ?`, id).Scan(&removed); err != nil {
			return nil, err
		}
		segment, err := c.segment.WithRemoved(removed)
		if err != nil {
			return nil, err
		}
		c.removals, c.segment = removals, segment
	}
	ix.mu.Lock()
	ix.cached[id] = c
	ix.mu.Unlock()
	return c.segment, nil
}

// search returns the papers from offset on, at most limit, that satisfy the
// query and the filter, and how many do in all. The query's tags are the
// caller's to resolve into the filter. It sees what tx sees.
func (ix *searchIndex) search(ctx context.Context, tx *sql.Tx, q offprint.Query, f searchFilter, sort offprint.Sort, offset, limit int) (hits []offprint.Hit, total int, err error) {
	segments, stamps, err := ix.segments(ctx, tx)
	if err != nil {
		return nil, 0, err
	}
	index := &fulltext.Index{Segments: segments, Fetch: func(refs []fulltext.BlockRef) ([][]byte, error) {
		return ix.fetch(ctx, tx, stamps, refs)
	}}
	request := fulltext.Request{Query: q, First: f.First, Last: f.Last, Only: f.Only, Except: f.Except}
	if sort == "" {
		sort = offprint.SortRelevance
	}
	if sort == offprint.SortRelevance {
		found, total, err := index.Top(request, offset+limit)
		return after(found, offset), total, err
	}
	matches, err := index.Match(request)
	if err != nil {
		return nil, 0, err
	}
	var found []fulltext.Hit
	switch sort {
	case offprint.SortTrending:
		found, err = ranked(ctx, tx, matches, byHeat, offset+limit)
	case offprint.SortVotes:
		found, err = ranked(ctx, tx, matches, byVotes, offset+limit)
	default:
		found = matches.Newest(offset+limit, nil)
	}
	return after(found, offset), matches.Len(), err
}

func after(found []fulltext.Hit, offset int) []offprint.Hit {
	var hits []offprint.Hit
	for _, h := range found[min(offset, len(found)):] {
		hits = append(hits, offprint.Hit{ID: h.ID, Score: h.Score})
	}
	return hits
}

// fetch returns blocks, which nobody may change, of segments with these stamps.
func (ix *searchIndex) fetch(ctx context.Context, tx *sql.Tx, stamps map[int64]int64, refs []fulltext.BlockRef) ([][]byte, error) {
	blocks := make([][]byte, len(refs))
	var missing []fulltext.BlockRef
	var at []int
	for i, r := range refs {
		if blocks[i] = ix.blocks.get(blockKey{stamps[r.Segment], r.Number}); blocks[i] == nil {
			missing, at = append(missing, r), append(at, i)
		}
	}
	if len(missing) == 0 {
		return blocks, nil
	}
	read, err := fetchBlocks(ctx, tx, missing)
	if err != nil || len(read) != len(missing) {
		return read, err // too few: fulltext says that one is missing
	}
	for j, b := range read {
		blocks[at[j]] = b
		ix.blocks.add(blockKey{stamps[missing[j].Segment], missing[j].Number}, b)
	}
	return blocks, nil
}

// fetchBlocks reads blocks. The refs are in order, and so are the rows.
func fetchBlocks(ctx context.Context, tx *sql.Tx, refs []fulltext.BlockRef) ([][]byte, error) {
	ids := append(make([]byte, 0, 16*len(refs)), '[')
	for i, r := range refs {
		if i > 0 {
			ids = append(ids, ',')
		}
		ids = strconv.AppendInt(ids, r.Segment<<blockBits+int64(r.Number), 10)
	}
	ids = append(ids, ']')
	blocks := make([][]byte, 0, len(refs))
	err := query(ctx, tx, func(r scanner) error {
		var data []byte
		err := r.Scan(&data)
		blocks = append(blocks, data)
		return err
	}, `SELECT p.data FROM json_each(?) e CROSS JOIN posting p ON p.id = e.value`, string(ids))
	return blocks, err
}

// ranking is an order that puts papers of some rank before all others.
type ranking struct{ where, order string }

var (
	byHeat  = ranking{`heat IS NOT NULL`, `heat DESC, listed DESC, paper.id DESC`}
	byVotes = ranking{`votes > 0`, `votes DESC, listed DESC, paper.id DESC`}
)

// fewMatches is how far papers are walked in their order to meet matches. If
// there are no more matches than that, looking them up is faster from then on.
// Of more matches one is met often enough.
const fewMatches = 1000

// ranked returns the first n matches in the given order. Those without a rank
// follow by time.
func ranked(ctx context.Context, tx *sql.Tx, m *fulltext.Matches, by ranking, n int) ([]fulltext.Hit, error) {
	far := math.MaxInt
	if m.Len() <= fewMatches {
		far = fewMatches
	}
	found, done, err := meet(ctx, tx, m, n, far, `SELECT id FROM paper WHERE `+by.where+` ORDER BY `+by.order)
	if err == nil && !done {
		var ids []int64
		for h := range m.All {
			ids = append(ids, h.ID)
		}
		found, _, err = meet(ctx, tx, m, n, math.MaxInt,
			`SELECT paper.id FROM json_each(?) e CROSS JOIN paper ON paper.id = e.value WHERE `+by.where+` ORDER BY `+by.order, listJSON(ids))
	}
	if err != nil {
		return nil, fmt.Errorf("rank matches: %w", err)
	}
	if len(found) == n {
		return found, nil
	}
	met := make(map[int64]bool, len(found))
	for _, h := range found {
		met[h.ID] = true
	}
	return append(found, m.Newest(n-len(found), func(id int64) bool { return met[id] })...), nil
}

// meet returns the first n matches among the papers that a statement gives. It
// is not done if it has given up after far papers.
func meet(ctx context.Context, tx *sql.Tx, m *fulltext.Matches, n, far int, statement string, args ...any) (found []fulltext.Hit, done bool, err error) {
	rows, err := tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for len(found) < n && rows.Next() {
		if far--; far < 0 {
			return nil, false, nil
		}
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, false, err
		}
		if m.Contains(id) {
			found = append(found, fulltext.Hit{ID: id})
		}
	}
	return found, true, rows.Err()
}
