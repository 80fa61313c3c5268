package offprint

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	for _, tc := range []struct {
		frequency   Frequency
		hour        int
		zone        string
		now         string // local
		period      string
		first, last string
	}{
		{Daily, 7, "Europe/Berlin", "2026-03-05 07:00", "2026-03-05", "2026-03-04", "2026-03-04"},
		{Daily, 7, "Europe/Berlin", "2026-03-05 06:59", "2026-03-04", "2026-03-03", "2026-03-03"},
		{Daily, 0, "Asia/Kolkata", "2026-03-01 00:00", "2026-03-01", "2026-02-28", "2026-02-28"},
		{Daily, 23, "America/New_York", "2026-01-01 12:00", "2025-12-31", "2025-12-30", "2025-12-30"},
		{Weekdays, 7, "Europe/Berlin", "2026-03-02 07:00", "2026-03-02", "2026-02-27", "2026-03-01"}, // Monday
		{Weekdays, 7, "Europe/Berlin", "2026-03-02 06:00", "2026-02-27", "2026-02-26", "2026-02-26"},
		{Weekdays, 7, "Europe/Berlin", "2026-03-03 07:00", "2026-03-03", "2026-03-02", "2026-03-02"},
		{Weekdays, 7, "Europe/Berlin", "2026-03-08 23:00", "2026-03-06", "2026-03-05", "2026-03-05"}, // Sunday
		{Weekly, 7, "Europe/Berlin", "2026-03-09 07:00", "2026-W10", "2026-03-02", "2026-03-08"},
		{Weekly, 7, "Europe/Berlin", "2026-03-09 06:59", "2026-W09", "2026-02-23", "2026-03-01"},
		{Weekly, 7, "Europe/Berlin", "2021-01-04 07:00", "2020-W53", "2020-12-28", "2021-01-03"},
		{Monthly, 7, "Europe/Berlin", "2026-03-01 07:00", "2026-02", "2026-02-01", "2026-02-28"},
		{Monthly, 7, "Europe/Berlin", "2026-03-01 06:59", "2026-01", "2026-01-01", "2026-01-31"},
		{Monthly, 7, "Europe/Berlin", "2026-03-31 12:00", "2026-02", "2026-02-01", "2026-02-28"},
		{Monthly, 7, "Europe/Berlin", "2026-01-01 07:00", "2025-12", "2025-12-01", "2025-12-31"},

		// The clocks skip 02:00 to 03:00.
		{Daily, 2, "Europe/Berlin", "2026-03-29 01:59", "2026-03-28", "2026-03-27", "2026-03-27"},
		{Daily, 2, "Europe/Berlin", "2026-03-29 03:00", "2026-03-29", "2026-03-28", "2026-03-28"},
		// They skip 00:00 to 01:00.
		{Daily, 0, "America/Havana", "2026-03-07 23:59", "2026-03-07", "2026-03-06", "2026-03-06"},
		{Daily, 0, "America/Havana", "2026-03-08 01:00", "2026-03-08", "2026-03-07", "2026-03-07"},
	} {
		loc := mustLoad(t, tc.zone)
		now, err := time.ParseInLocation("2006-01-02 15:04", tc.now, loc)
		if err != nil {
			t.Fatal(err)
		}
		s := Subscription{Frequency: tc.frequency, Hour: tc.hour, TimeZone: tc.zone, Confirmed: time.Unix(1, 0)}
		period, span, ok := s.Due(now.UTC())
		if got, want := fmt.Sprintln(period, span.First, span.Last, ok), fmt.Sprintln(tc.period, tc.first, tc.last, true); got != want {
			t.Errorf("%s at %d in %s, %s: %s, want %s", tc.frequency, tc.hour, tc.zone, tc.now, got, want)
		}
	}
}

// Of an hour that comes twice, the first counts, on both sides of Greenwich.
func TestSendTimeInOverlap(t *testing.T) {
	for zone, want := range map[string]string{
		"Europe/Berlin":    "2026-10-25T02:00:00+02:00",
		"America/New_York": "2026-11-01T01:00:00-04:00",
		"America/Havana":   "2026-11-01T00:00:00-04:00",
	} {
		at, err := time.Parse(time.RFC3339, want)
		if err != nil {
			t.Fatal(err)
		}
		s := Subscription{Hour: at.Hour()}
		if got := s.sendTime(DateOf(at), mustLoad(t, zone)); !got.Equal(at) {
			t.Errorf("%s: %v, want %v", zone, got, want)
		}
	}
}

func TestDueOnlyAfterConfirmation(t *testing.T) {
	confirmed := time.Date(2026, time.March, 5, 7, 30, 0, 0, time.UTC)
	s := Subscription{Frequency: Daily, Hour: 7, TimeZone: "UTC", Confirmed: confirmed}
	if period, _, ok := s.Due(confirmed.Add(time.Hour)); ok {
		t.Errorf("%s is due, which was to be sent before", period)
	}
	if period, _, ok := s.Due(confirmed.Add(24 * time.Hour)); !ok || period != "2026-03-06" {
		t.Errorf("the next day: %q, %v", period, ok)
	}
	s.Confirmed = time.Date(2026, time.March, 5, 7, 0, 0, 0, time.UTC)
	if _, _, ok := s.Due(confirmed); !ok {
		t.Error("nothing is due at the very time of confirmation")
	}
	s.Confirmed = time.Time{}
	if _, _, ok := s.Due(confirmed); ok {
		t.Error("due without confirmation")
	}
	s.Confirmed, s.TimeZone = confirmed, "Nowhere/Land"
	if _, _, ok := s.Due(confirmed.AddDate(1, 0, 0)); ok || !NextSend(&s, confirmed).IsZero() {
		t.Error("due in an unknown time zone")
	}
}

// With a tick each hour for more than a year, in zones that change their clocks
// by an hour, by half an hour, at midnight and never: each digest comes due
// once, in order, within an hour of its time, and they cover all days once.
func TestDigestsTileTheCalendar(t *testing.T) {
	start := time.Date(2025, time.December, 1, 0, 0, 0, 0, time.UTC)
	end := start.AddDate(1, 2, 0)
	for _, zone := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Santiago", "Africa/Cairo",
		"Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago",
	} {
		loc := mustLoad(t, zone)
		for _, frequency := range []Frequency{Daily, Weekdays, Weekly, Monthly} {
			for _, hour := range []int{0, 2, 23} {
				s := Subscription{Frequency: frequency, Hour: hour, TimeZone: zone, Confirmed: start.AddDate(-1, 0, 0)}
				name := fmt.Sprintf("%s at %d in %s", frequency, hour, zone)
				before, span, _ := s.due(start, loc)
				periods := map[string]bool{before: true}
				for now := start.Add(time.Hour); now.Before(end); now = now.Add(time.Hour) {
					period, covered, ok := s.due(now, loc)
					if !ok {
						t.Fatalf("%s: nothing is due at %v", name, now)
					}
					next := s.nextSend(now.Add(-time.Hour), loc)
					if (period != before) != !next.After(now) {
						t.Fatalf("%s: at %v %s is due after %s, but the next was to be at %v", name, now, period, before, next)
					}
					if period == before {
						continue
					}
					if periods[period] || covered.First != span.Last+1 || covered.Last < covered.First {
						t.Fatalf("%s: at %v %s, %v to %v, follows %s, %v to %v", name, now, period, covered.First, covered.Last, before, span.First, span.Last)
					}
					if DateOf(next.In(loc)) != covered.Last+1 {
						t.Fatalf("%s: %s is sent at %v, not on the day after %v", name, period, next.In(loc), covered.Last)
					}
					periods[period], before, span = true, period, covered
				}
				if want := map[Frequency]int{Daily: 426, Weekdays: 304, Weekly: 60, Monthly: 14}[frequency]; len(periods) < want || len(periods) > want+2 {
					t.Errorf("%s: %d digests, want about %d", name, len(periods), want)
				}
			}
		}
	}
}

func TestNextSend(t *testing.T) {
	s := Subscription{Frequency: Weekly, Hour: 7, TimeZone: "Europe/Berlin"}
	now := time.Date(2026, time.March, 23, 6, 0, 0, 0, time.UTC) // Monday, 07:00 there
	if got, want := NextSend(&s, now), time.Date(2026, time.March, 30, 5, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("%v, want %v, in summer time", got, want)
	}
	if got := NextSend(&s, now.Add(-1)); !got.Equal(now) {
		t.Errorf("%v, want %v", got, now)
	}
}

func TestSubscriptionCheck(t *testing.T) {
	valid := Subscription{Email: " Ada@Example.ORG ", Frequency: Weekly, Hour: 7, TimeZone: "Europe/Berlin", Query: "cat:cs.CL", Count: 20}
	s := valid
	if err := s.Check(); err != nil || s.Email != "ada@example.org" {
		t.Errorf("%v, address %q", err, s.Email)
	}
	for name, change := range map[string]func(*Subscription){
		"no address":        func(s *Subscription) { s.Email = "" },
		"no frequency":      func(s *Subscription) { s.Frequency = "" },
		"a long frequency":  func(s *Subscription) { s.Frequency = Frequency(strings.Repeat("x", 1000)) },
		"hour -1":           func(s *Subscription) { s.Hour = -1 },
		"hour 24":           func(s *Subscription) { s.Hour = 24 },
		"unknown zone":      func(s *Subscription) { s.TimeZone = "Europe/Atlantis" },
		"the server's zone": func(s *Subscription) { s.TimeZone = "Local" },
		"a zone's path":     func(s *Subscription) { s.TimeZone = "../../etc/passwd" },
		"no papers":         func(s *Subscription) { s.Count = 0 },
		"too many papers":   func(s *Subscription) { s.Count = MaxDigest + 1 },
		"a bad query":       func(s *Subscription) { s.Query = "after:soon" },
		"tags of nobody":    func(s *Subscription) { s.Query = "tag:x" },
	} {
		s := valid
		change(&s)
		if err := s.Check(); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantInvalid(t, err)
		}
	}
	s.ReaderID, s.Query = 1, "tag:x"
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestCleanEmail(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.org":         "ada@example.org",
		" Ada.L+x@Example.ORG\n":  "ada.l+x@example.org",
		"root@localhost":          "root@localhost",
		"x@xn--bcher-kva.example": "x@xn--bcher-kva.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 94) + "c": strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 94) + "c",
	} {
		if got, err := CleanEmail(in); err != nil || got != want {
			t.Errorf("CleanEmail(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "ada", "@example.org", "ada@", "ada@@example.org", "a b@example.org", `"a b"@example.org`, "Ada <ada@example.org>", "<ada@example.org>",
		"ada@example.org, eve@example.org", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org\x00", "ada\x7f@example.org", "ada@[127.0.0.1]",
		"ada(x)@example.org", "ada@exämple.org", "ädа@example.org", "ada@example.org.", "-@-", strings.Repeat("a", 65) + "@example.org",
		"a@" + strings.Repeat("b.", 130) + "c", strings.Repeat("x", 1<<20),
	} {
		if got, err := CleanEmail(in); err == nil {
			t.Errorf("CleanEmail(%.60q) = %q", in, got)
		} else {
			wantInvalid(t, err)
		}
	}
}

func FuzzCleanEmail(f *testing.F) {
	f.Add("ada@example.org")
	f.Add("\"a\"@b.c, <d@e>")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := CleanEmail(s)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		if strings.ContainsAny(a, " \t\r\n\x00<>,;\"()[]") || strings.Count(a, "@") != 1 || len(a) > 254 {
			t.Errorf("%q is taken for the address %q", s, a)
		}
		if again, err := CleanEmail(a); err != nil || again != a {
			t.Errorf("%q becomes %q, %v", a, again, err)
		}
	})
}
