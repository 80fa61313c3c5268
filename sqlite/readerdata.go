package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/offprint/offprint"
)

// ReaderData implements [offprint.ReaderStore].
func (s *Store) ReaderData(ctx context.Context, id int64) (*offprint.ReaderData, error) {
	d := new(offprint.ReaderData)
	err := s.read(ctx, "export a reader", func(tx *sql.Tx) error {
		found, err := readers(ctx, tx, `id = ?`, id)
		r, err := one(found, err, errNoReader)
		if err != nil {
			return err
		}
		d.Reader = *r
		if d.Papers, err = readerPapers(ctx, tx, id); err != nil {
			return err
		}
		if d.Comments, err = comments(ctx, tx, `c.reader_id = ? AND NOT c.deleted ORDER BY c.id`, id); err != nil {
			return err
		}
		if d.Searches, err = savedSearches(ctx, tx, `reader_id = ? ORDER BY id`, id); err != nil {
			return err
		}
		if d.PublishedTags, err = publishedTags(ctx, tx, `reader_id = ? ORDER BY tag`, id); err != nil {
			return err
		}
		if d.Subscriptions, err = subscriptions(ctx, tx, `reader_id = ? ORDER BY id`, id); err != nil {
			return err
		}
		if d.Webhooks, err = webhooks(ctx, tx, `reader_id = ? ORDER BY id`, id); err != nil {
			return err
		}
		if d.APITokens, err = apiTokens(ctx, tx, `reader_id = ? ORDER BY id`, id); err != nil {
			return err
		}
		for i := range d.APITokens {
			d.APITokens[i].Hash = nil
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// readerPapers returns the papers that the reader has done anything with, in
// order of id.
func readerPapers(ctx context.Context, tx *sql.Tx, readerID int64) ([]offprint.ReaderPaper, error) {
	var papers []offprint.ReaderPaper
	var last int64
	err := query(ctx, tx, func(row scanner) error {
		var id int64
		var p offprint.ReaderPaper
		var kind, text string
		var at time.Time
		if err := row.Scan(&id, &p.Key, &p.Title, &kind, &text, timeColumn{&at}); err != nil {
			return err
		}
		if id != last {
			papers, last = append(papers, p), id
		}
		switch q := &papers[len(papers)-1]; kind {
		case string(offprint.MarkVote):
			q.Vote = at
		case string(offprint.MarkSave):
			q.Save = at
		case string(offprint.MarkRead):
			q.Read = at
		case string(offprint.MarkHide):
			q.Hide = at
		case "tag":
			q.Tags = append(q.Tags, text)
		case "note":
			q.Note = text
		}
		return nil
	}, `SELECT p.id, p.key, p.title, x.kind, x.text, x.at FROM (
			SELECT paper_id, kind, '' AS text, at FROM mark WHERE reader_id = ?1
			UNION ALL SELECT paper_id, 'tag', tag, 0 FROM tag WHERE reader_id = ?1
			UNION ALL SELECT paper_id, 'note', body, 0 FROM note WHERE reader_id = ?1
		) x JOIN paper p ON p.id = x.paper_id ORDER BY p.id, x.kind, x.text`, readerID)
	return papers, err
}
