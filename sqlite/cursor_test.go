package sqlite

import (
	"testing"

	"github.com/offprint/offprint"
)

func FuzzParsePlace(f *testing.F) {
	for _, p := range []place{
		{sort: offprint.SortTime, form: afterTimed, listed: 20517, id: 1},
		{sort: offprint.SortTrending, form: afterRanked, rank: 6845.25, listed: -1, id: 1 << 40},
		{sort: offprint.SortVotes, form: afterTimed},
		{sort: offprint.SortRelevance, form: afterHits, offset: 25},
	} {
		f.Add(p.String(), string(p.sort), p.form == afterHits)
	}
	f.Add("", "time", false)
	f.Add("AXQBAABO3AAAAAAAAA-J", "time", false) // a bit too many at the end
	f.Fuzz(func(t *testing.T, cursor, sort string, search bool) {
		p, err := parsePlace(cursor, offprint.Sort(sort), search)
		if err != nil {
			if offprint.KindOf(err) != offprint.KindInvalid {
				t.Errorf("error %v", err)
			}
			return
		}
		if cursor == "" {
			return
		}
		if p.String() != cursor || string(p.sort) != sort || (p.form == afterHits) != search {
			t.Errorf("%q by %s is read as %+v", cursor, sort, p)
		}
	})
}
