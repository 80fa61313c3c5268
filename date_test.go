package offprint

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Date
		ok   bool
	}{
		{"1970-01-01", 0, true},
		{"1970-01-02", 1, true},
		{"1969-12-31", -1, true},
		{"2026-03-05", NewDate(2026, time.March, 5), true},
		{"2024-02-29", NewDate(2024, time.February, 29), true},
		{"1900-01-01", NewDate(1900, time.January, 1), true},
		{"2200-12-31", NewDate(2200, time.December, 31), true},
		{"2025-02-29", 0, false},
		{"1899-12-31", 0, false},
		{"2201-01-01", 0, false},
		{"2026-3-5", 0, false},
		{"2026-03-05T00:00:00Z", 0, false},
		{" 2026-03-05", 0, false},
		{"", 0, false},
		{strings.Repeat("9", 1<<20), 0, false},
	} {
		got, err := ParseDate(tc.in)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("ParseDate(%.40q) = %v, %v", tc.in, got, err)
		}
		if err != nil {
			wantInvalid(t, err)
		}
	}
}

// wantInvalid checks that an error is the caller's to correct and fit to be shown.
func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if KindOf(err) != KindInvalid {
		t.Errorf("kind of %v is %q, want %q", err, KindOf(err), KindInvalid)
		return
	}
	if m := err.Error(); len(m) > 500 || !strings.HasSuffix(m, ".") {
		t.Errorf("message is not a short sentence: %q", m)
	}
}

func TestDateOfUsesItsLocation(t *testing.T) {
	instant := time.Date(2026, time.March, 5, 23, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"UTC":                 "2026-03-05",
		"Asia/Tokyo":          "2026-03-06",
		"America/Los_Angeles": "2026-03-05",
		"Pacific/Kiritimati":  "2026-03-06",
	} {
		if got := DateOf(instant.In(mustLoad(t, zone))); got.String() != want {
			t.Errorf("in %s: %v, want %s", zone, got, want)
		}
	}
}

func TestDateText(t *testing.T) {
	type box struct{ D Date }
	for _, d := range []Date{0, 1, -1, NewDate(2026, time.March, 5), NewDate(1900, time.January, 1)} {
		b, err := json.Marshal(box{d})
		if err != nil {
			t.Fatal(err)
		}
		var got box
		if err := json.Unmarshal(b, &got); err != nil || got.D != d {
			t.Errorf("%v became %s and then %v, %v", d, b, got.D, err)
		}
	}
	if b, _ := json.Marshal(box{}); string(b) != `{"D":""}` {
		t.Errorf("the zero date is %s", b)
	}
	var b box
	if err := json.Unmarshal([]byte(`{"D":"2026-13-01"}`), &b); err == nil {
		t.Error("2026-13-01 was read")
	}
}

func TestSpans(t *testing.T) {
	for _, tc := range []struct {
		unit              Unit
		in                string
		first, last       string
		prev, next, title string
	}{
		{UnitDay, "2026-03-05", "2026-03-05", "2026-03-05", "2026-03-04", "2026-03-06", "Thursday, 5 March 2026"},
		{UnitWeek, "2026-W10", "2026-03-02", "2026-03-08", "2026-W09", "2026-W11", "Week 10, 2026"},
		{UnitWeek, "2020-W53", "2020-12-28", "2021-01-03", "2020-W52", "2021-W01", "Week 53, 2020"},
		{UnitWeek, "2026-W01", "2025-12-29", "2026-01-04", "2025-W52", "2026-W02", "Week 1, 2026"},
		{UnitMonth, "2026-03", "2026-03-01", "2026-03-31", "2026-02", "2026-04", "March 2026"},
		{UnitMonth, "2024-02", "2024-02-01", "2024-02-29", "2024-01", "2024-03", "February 2024"},
		{UnitMonth, "2025-12", "2025-12-01", "2025-12-31", "2025-11", "2026-01", "December 2025"},
	} {
		s, err := ParseSpan(tc.unit, tc.in)
		if err != nil {
			t.Errorf("ParseSpan(%s, %s): %v", tc.unit, tc.in, err)
			continue
		}
		got := []string{s.First.String(), s.Last.String(), s.Prev().String(), s.Next().String(), s.Title(), s.Path()}
		want := []string{tc.first, tc.last, tc.prev, tc.next, tc.title, "/" + string(tc.unit) + "/" + tc.in}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %q, want %q", tc.in, got[i], want[i])
			}
		}
	}
}

func TestParseSpanRefuses(t *testing.T) {
	for _, tc := range []struct {
		unit Unit
		in   string
	}{
		{UnitDay, ""}, {UnitDay, "2026-W10"}, {UnitDay, "2026-02-30"},
		{UnitWeek, ""}, {UnitWeek, "2026-W00"}, {UnitWeek, "2026-W54"}, {UnitWeek, "2025-W53"}, {UnitWeek, "2026-W1"},
		{UnitWeek, "2026-w10"}, {UnitWeek, "+026-W10"}, {UnitWeek, "2026-W10x"}, {UnitWeek, "2026-W-1"}, {UnitWeek, "0001-W01"},
		{UnitMonth, ""}, {UnitMonth, "2026-13"}, {UnitMonth, "2026-3"}, {UnitMonth, "0026-03"}, {UnitMonth, "2026-03-05"},
		{"year", "2026"}, {"", "2026-03-05"}, {Unit(strings.Repeat("x", 1000)), strings.Repeat("y", 1000)},
	} {
		if s, err := ParseSpan(tc.unit, tc.in); err == nil {
			t.Errorf("ParseSpan(%q, %q) = %v", tc.unit, tc.in, s)
		} else {
			wantInvalid(t, err)
		}
	}
}

// Over three centuries the spans of a unit tile the calendar, Prev and Next
// undo each other, and a span's text reads back as the span.
func TestSpansTileTheCalendar(t *testing.T) {
	for _, unit := range []Unit{UnitDay, UnitWeek, UnitMonth} {
		for s, end := SpanOf(unit, NewDate(1900, time.February, 1)), NewDate(2200, time.December, 1); s.First < end; s = s.Next() {
			if next := s.Next(); next.First != s.Last+1 || next.Prev() != s {
				t.Fatalf("%v is followed by %v", s, next)
			}
			if read, err := ParseSpan(unit, s.String()); err != nil || read != s {
				t.Fatalf("%v reads back as %v, %v", s, read, err)
			}
			for _, d := range []Date{s.First, (s.First + s.Last) / 2, s.Last} {
				if SpanOf(unit, d) != s {
					t.Fatalf("%v is not in %v", d, s)
				}
			}
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("day", "2026-03-05")
	f.Add("week", "2020-W53")
	f.Add("month", "2024-02")
	f.Fuzz(func(t *testing.T, unit, s string) {
		span, err := ParseSpan(Unit(unit), s)
		if err != nil {
			wantInvalid(t, err)
		} else if span.String() != s || span.First > span.Last {
			t.Errorf("ParseSpan(%q, %q) = %v", unit, s, span)
		}
	})
}

func TestClip(t *testing.T) {
	if got := clip("short"); got != "short" {
		t.Error(got)
	}
	if got := clip(strings.Repeat("é", 100)); got != strings.Repeat("é", 30)+"…" {
		t.Error(got)
	}
	if got := clip("x" + strings.Repeat("é", 100)); got != "x"+strings.Repeat("é", 29)+"…" {
		t.Error(got)
	}
}
