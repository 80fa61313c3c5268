package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"strings"

	"github.com/offprint/offprint"
)

// A facet is something that papers share and have a page by.
type facetKind string

const (
	facetAuthor   facetKind = "author"
	facetCategory facetKind = "category"
	facetOrigin   facetKind = "origin"
)

type facet struct {
	kind   facetKind
	name   string
	folded string // what makes two names the same
}

func authorFacet(name string) facet {
	return facet{facetAuthor, name, offprint.FoldName(name)}
}

func categoryFacet(name string) facet { return facet{facetCategory, name, name} }

func originFacet(source string) facet { return facet{facetOrigin, source, source} }

// id is 64 bits of a hash that nobody can find collisions for on purpose; by
// chance, ten million names have two with the same one in a million stores.
func (f facet) id() int64 {
	sum := sha256.Sum256([]byte(string(f.kind) + ":" + f.folded))
	return int64(binary.LittleEndian.Uint64(sum[:]))
}

// facetsOf returns the facets of a paper by id.
func facetsOf(p *offprint.Paper) map[int64]facet {
	facets := make(map[int64]facet, len(p.Authors)+len(p.Categories)+len(p.Origins))
	add := func(f facet) {
		if f.folded == "" {
			return
		}
		if id := f.id(); facets[id].kind == "" {
			facets[id] = f
		}
	}
	for _, name := range p.Authors {
		add(authorFacet(name))
	}
	for _, name := range p.Categories {
		add(categoryFacet(name))
	}
	for _, o := range p.Origins {
		add(originFacet(o.Source))
	}
	return facets
}

// Categories implements [offprint.PaperStore].
func (s *Store) Categories(ctx context.Context) (counts []offprint.Count, err error) {
	err = s.read(ctx, "count papers by category", func(tx *sql.Tx) error {
		counts, err = readCounts(ctx, tx, `SELECT name, papers FROM facet INDEXED BY facet_category
			WHERE kind = 'category' AND papers > 0 ORDER BY papers DESC, name`)
		return err
	})
	return counts, err
}

func readCounts(ctx context.Context, tx *sql.Tx, text string, args ...any) ([]offprint.Count, error) {
	var counts []offprint.Count
	err := query(ctx, tx, func(row scanner) error {
		var c offprint.Count
		err := row.Scan(&c.Name, &c.Papers)
		counts = append(counts, c)
		return err
	}, text, args...)
	return counts, err
}

// Limits on what AuthorsLike reads, whatever the prefix and the number of authors.
const (
	maxAuthorsLike    = 200
	authorsByWord     = 2000 // with a word that starts so
	authorsByFame     = 5000 // with the most papers
	maxAuthorsLikeKey = 100  // bytes of the prefix that count
)

// AuthorsLike implements [offprint.PaperStore]. Where too many names have the
// prefix to sort them, some of them and the authors with the most papers are
// looked through.
func (s *Store) AuthorsLike(ctx context.Context, prefix string, limit int) (counts []offprint.Count, err error) {
	limit = min(max(limit, 0), maxAuthorsLike)
	prefix = offprint.FoldName(prefix)
	prefix = strings.ToValidUTF8(prefix[:min(len(prefix), maxAuthorsLikeKey)], "")
	err = s.read(ctx, "find authors", func(tx *sql.Tx) error {
		switch {
		case limit == 0:
			return nil
		case prefix == "":
			counts, err = famousAuthors(ctx, tx, limit)
		default:
			counts, err = authorsLike(ctx, tx, prefix, limit)
		}
		return err
	})
	return counts, err
}

func famousAuthors(ctx context.Context, tx *sql.Tx, limit int) ([]offprint.Count, error) {
	counts, err := readCounts(ctx, tx, `SELECT name, papers FROM facet INDEXED BY facet_author
		WHERE kind = 'author' AND papers > 2 ORDER BY papers DESC LIMIT ?`, limit)
	if err != nil || len(counts) == limit {
		return counts, err
	}
	// So few authors with several papers make it a small store.
	rest, err := readCounts(ctx, tx, `SELECT name, papers FROM facet
		WHERE kind = 'author' AND papers BETWEEN 1 AND 2 ORDER BY papers DESC, name LIMIT ?`, limit-len(counts))
	return append(counts, rest...), err
}

func authorsLike(ctx context.Context, tx *sql.Tx, prefix string, limit int) ([]offprint.Count, error) {
	// A prefix of several words is looked up by its first; the others follow it.
	first, _, several := strings.Cut(prefix, " ")
	end := first + " " // before all longer words
	if !several {
		end = first + "\U0010ffff"
	}
	like := `% ` + prefix + `%` // folded names have letters, digits and spaces only
	var found int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM author_word WHERE word >= ? AND word < ? LIMIT ?)`,
		first, end, authorsByWord+1).Scan(&found); err != nil {
		return nil, err
	}
	famous := 0
	if found > authorsByWord {
		famous = authorsByFame
	}
	return readCounts(ctx, tx, `WITH candidate (id) AS (
			SELECT facet_id FROM (SELECT facet_id FROM author_word WHERE word >= ?1 AND word < ?2 LIMIT ?3)
			UNION SELECT id FROM (SELECT id FROM facet INDEXED BY facet_author WHERE kind = 'author' AND papers > 2 ORDER BY papers DESC LIMIT ?4)
		)
		SELECT f.name, f.papers FROM candidate c CROSS JOIN facet f ON f.id = c.id
		WHERE f.papers > 0 AND ' ' || f.folded LIKE ?5
		ORDER BY f.papers DESC, f.name LIMIT ?6`, first, end, authorsByWord, famous, like, limit)
}
