package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/offprint/offprint"
)

// PutPapers implements [offprint.PaperStore]. A call is one transaction, and
// costs a few statements of its own: 1,000 to 2,000 papers at once are fastest.
//
// A DOI alone does not make one work of two that have different arXiv ids: it
// may be that of the volume that both are in. Their title and authors do.
func (s *Store) PutPapers(ctx context.Context, papers []offprint.Paper) (offprint.PutResult, error) {
	return s.putPapers(ctx, papers, nil)
}

// putPapers stores papers and calls then, if it is not nil, in the same transaction.
func (s *Store) putPapers(ctx context.Context, papers []offprint.Paper, then func(tx *sql.Tx, res *offprint.PutResult) error) (offprint.PutResult, error) {
	reports, err := prepare(papers)
	if err != nil {
		return offprint.PutResult{}, err
	}
	if len(reports) == 0 && then == nil {
		return offprint.PutResult{}, nil
	}
	var res offprint.PutResult
	err = s.write(ctx, "store papers", func(tx *sql.Tx) error {
		if len(reports) > 0 {
			p := &put{tx: tx, search: s.search, owner: make(map[string]*work)}
			if err := p.run(ctx, reports); err != nil {
				return err
			}
			res = p.result
		}
		if then != nil {
			return then(tx, &res)
		}
		return nil
	})
	if err != nil {
		return offprint.PutResult{}, err
	}
	return res, nil
}

// report is a paper as a source reports it, cleaned, with all that can be
// worked out before the transaction.
type report struct {
	paper  *offprint.Paper
	names  []string // its identifiers
	facets map[int64]facet
}

// prepare cleans papers, on all processors.
func prepare(papers []offprint.Paper) ([]report, error) {
	reports := make([]report, len(papers))
	errs := make([]error, len(papers))
	var group sync.WaitGroup
	part := max(1, (len(papers)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	for start := 0; start < len(papers); start += part {
		group.Go(func() {
			for i := start; i < min(start+part, len(papers)); i++ {
				reports[i], errs[i] = prepareOne(papers[i])
			}
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("paper %d of %d: %w", i+1, len(papers), err)
		}
	}
	return reports, nil
}

func prepareOne(p offprint.Paper) (report, error) {
	p.ID, p.Key, p.Votes, p.Comments, p.Heat, p.HasHeat = 0, "", 0, 0, 0, false // ours to say
	if err := p.Clean(); err != nil {
		return report{}, err
	}
	return report{&p, p.Identifiers(), facetsOf(&p)}, nil
}

// work is a paper while a batch is put together.
type work struct {
	paper  *offprint.Paper   // as it is going to be; its ID is 0 until it is stored
	before []*offprint.Paper // what is stored of it: nothing if it is new, several if they turn out to be one
	names  []string          // identifiers to be added
	facets map[int64]facet   // of paper; nil if they may have changed
	edited bool
	into   *work // the work that it has been joined to
}

// now follows a work to the one that it has become part of.
func (w *work) now() *work {
	for w != nil && w.into != nil {
		w = w.into
	}
	return w
}

// put is the state of one call of PutPapers.
type put struct {
	tx     *sql.Tx
	search *searchIndex
	works  []*work
	owner  map[string]*work // by identifier
	result offprint.PutResult
}

func (b *put) run(ctx context.Context, reports []report) error {
	if err := b.load(ctx, reports); err != nil {
		return err
	}
	for _, r := range reports {
		b.settle(r)
	}
	return b.store(ctx)
}

// load fetches the papers that reports may be about.
func (b *put) load(ctx context.Context, reports []report) error {
	var names []string
	for _, r := range reports {
		names = append(names, r.names...)
	}
	slices.Sort(names) // neighbours share pages of the index
	owners := make(map[string]int64)
	err := query(ctx, b.tx, func(row scanner) error {
		var name string
		var id int64
		err := row.Scan(&name, &id)
		owners[name] = id
		return err
	}, `SELECT i.value, i.paper_id FROM json_each(?) n CROSS JOIN identifier i ON i.value = n.value`, listJSON(slices.Compact(names)))
	if err != nil || len(owners) == 0 {
		return err
	}
	var ids []int64
	for _, id := range owners {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	papers, err := papersByID(ctx, b.tx, slices.Compact(ids))
	if err != nil {
		return err
	}
	works := make(map[int64]*work, len(papers))
	for _, p := range papers {
		before := *p
		before.Origins = slices.Clone(p.Origins)
		w := &work{paper: p, before: []*offprint.Paper{&before}}
		works[p.ID] = w
		b.works = append(b.works, w)
	}
	for name, id := range owners {
		b.owner[name] = works[id]
	}
	return nil
}

// settle decides which work a report is about, and merges it there.
func (b *put) settle(r report) {
	target, joined := b.find(r)
	switch {
	case target == nil:
		target = &work{paper: r.paper, facets: r.facets, edited: true}
		b.works = append(b.works, target)
		b.result.Added++
	case target.paper.Merge(r.paper), joined:
		target.edited, target.facets = true, nil
		b.result.Updated++
	default:
		b.result.Unchanged++
	}
	for _, name := range r.names {
		if b.owner[name] == nil {
			b.owner[name] = target
			target.names = append(target.names, name)
		}
	}
}

// find returns the work that shares an identifier with the report, or nil. If
// several do, the report shows that they are one, and they are joined.
func (b *put) find(r report) (target *work, joined bool) {
	arxivID := r.paper.ArXivID
	for _, name := range r.names {
		w := b.owner[name].now()
		if w == nil || w == target {
			continue
		}
		byTitle := r.paper.ArXivID != "" && strings.HasPrefix(name, "title:")
		if arxivID != "" && w.paper.ArXivID != "" && arxivID != w.paper.ArXivID && !strings.HasPrefix(name, "arxiv:") && !byTitle {
			continue
		}
		joined = target != nil
		target = b.join(target, w)
		arxivID = cmp.Or(arxivID, target.paper.ArXivID)
	}
	return target, joined
}

// join makes one work of two. The one stored first stays and keeps its key.
func (b *put) join(stays, goes *work) *work {
	if stays == nil {
		return goes
	}
	if stays.paper.ID == 0 || goes.paper.ID != 0 && goes.paper.ID < stays.paper.ID {
		stays, goes = goes, stays
	}
	if goes.paper.ID == 0 { // it was counted as a work of its own
		b.result.Added--
		b.result.Updated++
	}
	p := *goes.paper
	p.Merge(stays.paper) // the one that stays has the last word
	p.ID, p.Key = stays.paper.ID, stays.paper.Key
	stays.paper, stays.edited, stays.facets = &p, true, nil
	stays.before = append(stays.before, goes.before...)
	stays.names = append(stays.names, goes.names...)
	goes.into = stays
	return stays
}

// store writes what has changed.
func (b *put) store(ctx context.Context) error {
	works := slices.DeleteFunc(b.works, func(w *work) bool { return w.into != nil })
	if err := b.storePapers(ctx, works); err != nil {
		return err
	}
	if err := b.storeNames(ctx, works); err != nil {
		return err
	}
	works = slices.DeleteFunc(works, func(w *work) bool { return !w.edited })
	if len(works) == 0 {
		return nil
	}
	filed := newFiling()
	var toSearch []*offprint.Paper
	var toHeat []int64
	for _, w := range works {
		filed.change(w)
		if w.searchChanged() {
			toSearch = append(toSearch, w.paper)
		}
		if len(w.before) > 1 || slices.ContainsFunc(append(w.before, w.paper), hasSignal) {
			toHeat = append(toHeat, w.paper.ID)
		}
	}
	if err := filed.store(ctx, b.tx); err != nil {
		return fmt.Errorf("file: %w", err)
	}
	for _, w := range works {
		for i := 1; i < len(w.before); i++ {
			if err := absorb(ctx, b.tx, w.paper, w.before[i]); err != nil {
				return fmt.Errorf("absorb a double: %w", err)
			}
			if err := b.search.remove(ctx, b.tx, w.before[i].ID); err != nil {
				return err
			}
		}
	}
	if err := reheat(ctx, b.tx, toHeat...); err != nil {
		return err
	}
	if len(toSearch) > 0 {
		if err := b.search.add(ctx, b.tx, toSearch); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	return papersChanged(ctx, b.tx)
}

// storePapers writes the records, and numbers the new ones.
func (b *put) storePapers(ctx context.Context, works []*work) error {
	var last, generation int64
	if err := b.tx.QueryRowContext(ctx, `SELECT last_paper, generation + 1 FROM totals`).Scan(&last, &generation); err != nil {
		return err
	}
	added, joined := 0, 0
	insert := inserter{tx: b.tx, head: `INSERT INTO paper (id, key, listed, withdrawn, published, updated, arxiv_id, doi, title, authors, categories, comment, links, journal, versions, origins, summary, abstract, changed)`}
	for _, w := range works {
		switch p := w.paper; {
		case p.ID == 0:
			added++
			p.ID = last + int64(added)
			if err := insert.add(ctx, append(append([]any{p.ID, p.Key}, columnsOf(p)...), generation)...); err != nil {
				return err
			}
		case w.edited:
			joined += len(w.before) - 1
			if _, err := b.tx.ExecContext(ctx, `UPDATE paper SET (listed, withdrawn, published, updated, arxiv_id, doi, title, authors, categories, comment, links, journal, versions, origins, summary, abstract)
				= (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(columnsOf(p), p.ID)...); err != nil {
				return err
			}
			if w.searchChanged() {
				if _, err := b.tx.ExecContext(ctx, `UPDATE paper SET changed = ? WHERE id = ?`, generation, p.ID); err != nil {
					return err
				}
			}
		}
	}
	if err := insert.flush(ctx); err != nil {
		return err
	}
	_, err := b.tx.ExecContext(ctx, `UPDATE totals SET papers = papers + ?, last_paper = last_paper + ?`, added-joined, added)
	return err
}

// columnsOf returns what sources say of a paper.
func columnsOf(p *offprint.Paper) []any {
	return []any{p.Listed, p.Withdrawn, micros(p.Published), micros(p.Updated), p.ArXivID, p.DOI, p.Title, lines(p.Authors), lines(p.Categories),
		p.Comment, listJSON(p.Links), p.Journal, listJSON(p.Versions), listJSON(p.Origins), p.Summary, p.Abstract}
}

// storeNames writes identifiers, in their order, so that neighbours share pages.
func (b *put) storeNames(ctx context.Context, works []*work) error {
	type name struct {
		value   string
		paperID int64
	}
	var names []name
	for _, w := range works {
		for _, value := range w.names {
			names = append(names, name{value, w.paper.ID})
		}
	}
	slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.value, b.value) })
	insert := inserter{tx: b.tx, head: `INSERT INTO identifier (value, paper_id)`}
	for _, n := range names {
		if err := insert.add(ctx, n.value, n.paperID); err != nil {
			return err
		}
	}
	return insert.flush(ctx)
}

// searchChanged reports whether a search could find the work differently than
// what was stored of it.
func (w *work) searchChanged() bool {
	return len(w.before) != 1 || searchChanged(w.before[0], w.paper)
}

// searchChanged reports whether a search could find the paper differently.
func searchChanged(a, b *offprint.Paper) bool {
	return a.Listed != b.Listed || a.Title != b.Title || a.Abstract != b.Abstract || a.Summary != b.Summary || a.Comment != b.Comment ||
		!slices.Equal(a.Authors, b.Authors) || !slices.Equal(a.Categories, b.Categories) || !slices.Equal(a.Links, b.Links)
}

func hasSignal(p *offprint.Paper) bool {
	return slices.ContainsFunc(p.Origins, func(o offprint.Origin) bool { return o.Signal > 0 })
}
