package arxiv

import (
	"encoding/json"
	"slices"

	"github.com/offprint/offprint"
)

// cursor is a place in a harvest. A harvest goes through windows of time,
// oldest first, and through every set in each. It is kept in [offprint.Source]
// as JSON, beside the papers up to that place.
type cursor struct {
	From  offprint.Date `json:"from"`            // of the window
	Until offprint.Date `json:"until,omitempty"` // of the window, included; 0 for the last one, which is open
	Sets  []string      `json:"sets"`            // to do in the window, the current one first; "" is everything
	Token string        `json:"token,omitempty"` // of the current set's list; empty at its start
	Pages int           `json:"pages,omitempty"` // of the current set's list so far
	Start offprint.Date `json:"start,omitempty"` // of the whole harvest, by the server's clock
	Done  int           `json:"done,omitempty"`  // records of the whole harvest so far
}

// window is the most days that are asked for at once, so that a token that
// expires costs no more than the records of one window and one set.
const window = 30

// parseCursor reads a stored cursor. ok is false if it is not one, or if the
// source's sets have changed since: the harvest then starts over.
func parseCursor(s string, sets []string) (c cursor, ok bool) {
	if s == "" || json.Unmarshal([]byte(s), &c) != nil {
		return cursor{}, false
	}
	n := len(c.Sets)
	if n == 0 || n > len(sets) || !slices.Equal(c.Sets, sets[len(sets)-n:]) {
		return cursor{}, false
	}
	if c.From <= 0 || c.Until != 0 && c.Until < c.From {
		return cursor{}, false
	}
	return c, true
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // dates and strings can always be written
	}
	return string(b)
}

// at returns the cursor at the start of the window that begins at from.
func (c cursor) at(from offprint.Date, sets []string, today offprint.Date) cursor {
	c.From, c.Until, c.Sets, c.Token, c.Pages = from, 0, sets, "", 0
	if until := from + window - 1; until < today-1 {
		c.Until = until
	}
	return c
}

// restarted returns the cursor at the start of its list.
func (c cursor) restarted() cursor {
	c.Token, c.Pages = "", 0
	return c
}
