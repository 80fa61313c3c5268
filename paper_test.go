package offprint

import (
	"strings"
	"testing"
)

func TestParseSort(t *testing.T) {
	for in, want := range map[string]Sort{"": SortVotes, "trending": SortTrending, "time": SortTime, "votes": SortVotes, "relevance": SortRelevance} {
		if got, err := ParseSort(in, SortVotes); err != nil || got != want {
			t.Errorf("ParseSort(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"Time", "hot", strings.Repeat("x", 1000)} {
		_, err := ParseSort(in, SortVotes)
		wantInvalid(t, err)
	}
}

func TestParseMark(t *testing.T) {
	for _, want := range []Mark{MarkVote, MarkSave, MarkRead, MarkHide} {
		if got, err := ParseMark(string(want)); err != nil || got != want {
			t.Errorf("ParseMark(%q) = %q, %v", want, got, err)
		}
	}
	for _, in := range []string{"", "Vote", "like"} {
		_, err := ParseMark(in)
		wantInvalid(t, err)
	}
}
