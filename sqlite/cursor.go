package sqlite

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/offprint/offprint"
)

// place is where a page of a list ended, and the next one goes on. It is of one
// of three forms: after a paper that has a rank (its heat or its votes), after
// one without (all those come later, by time), or after so many hits of a search.
type place struct {
	sort   offprint.Sort
	form   placeForm
	rank   float64
	listed offprint.Date
	id     int64
	offset int
}

type placeForm byte

const (
	afterRanked placeForm = 'r'
	afterTimed  placeForm = 't'
	afterHits   placeForm = 'h'
)

// cursorVersion is the first byte of a cursor. One of another version belongs
// to another version of the program, and is refused.
const cursorVersion = 1

var cursorSorts = []offprint.Sort{offprint.SortTrending, offprint.SortTime, offprint.SortVotes, offprint.SortRelevance}

// maxOffset is how far the hits of a search can be paged through.
const maxOffset = 1_000_000

var errBadCursor = offprint.Errorf(offprint.KindInvalid, "The cursor is not one that this list has given: start from its first page.")

// String returns the place as a cursor for addresses.
func (p place) String() string {
	b := []byte{cursorVersion, byte(p.form), 0}
	for i, s := range cursorSorts {
		if s == p.sort {
			b[2] = byte(i)
		}
	}
	switch p.form {
	case afterRanked:
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(p.rank))
		fallthrough
	case afterTimed:
		b = binary.BigEndian.AppendUint32(b, uint32(p.listed))
		b = binary.BigEndian.AppendUint64(b, uint64(p.id))
	case afterHits:
		b = binary.BigEndian.AppendUint32(b, uint32(p.offset))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parsePlace reads a cursor of a list in the given order; "" is its start. It
// takes nothing that String would not have written.
func parsePlace(cursor string, sort offprint.Sort, search bool) (place, error) {
	var p place
	if cursor == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 3 || b[0] != cursorVersion || int(b[2]) >= len(cursorSorts) {
		return p, errBadCursor
	}
	p.form, p.sort = placeForm(b[1]), cursorSorts[b[2]]
	b = b[3:]
	if p.form == afterRanked && len(b) == 20 {
		p.rank = math.Float64frombits(binary.BigEndian.Uint64(b))
		b = b[8:]
	} else if p.form == afterRanked {
		return p, errBadCursor
	}
	switch {
	case p.form == afterHits && len(b) == 4:
		p.offset = int(binary.BigEndian.Uint32(b))
	case p.form != afterHits && len(b) == 12:
		p.listed = offprint.Date(binary.BigEndian.Uint32(b))
		p.id = int64(binary.BigEndian.Uint64(b[4:]))
	default:
		return p, errBadCursor
	}
	ranked := sort == offprint.SortTrending || sort == offprint.SortVotes
	switch {
	case p.form != afterRanked && p.form != afterTimed && p.form != afterHits,
		p.form == afterRanked && (!ranked || math.IsNaN(p.rank) || math.IsInf(p.rank, 0)),
		(p.form == afterHits) != search,
		p.offset > maxOffset, p.id < 0,
		p.String() != cursor:
		return p, errBadCursor
	case p.sort != sort:
		return p, offprint.Errorf(offprint.KindInvalid, "The cursor belongs to another order: start from the first page of this one.")
	}
	return p, nil
}
