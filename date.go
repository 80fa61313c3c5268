package offprint

import (
	"fmt"
	"strings"
	"time"
)

// Date is a day of the Gregorian calendar without a time zone, as days since
// 1970-01-01. The zero Date is 1970-01-01 and stands for "unknown" in a
// [Paper].
type Date int32

// NewDate returns the date of a year, month and day, normalised as
// [time.Date] does.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the date that t shows in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads a date of the form 2026-03-05.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return 0, Errorf(KindInvalid, "%q is not a date: write it as 2026-03-05.", clip(s))
	}
	return DateOf(t), nil
}

// Time returns the date's first instant in UTC.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String returns the date as 2026-03-05.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText writes the date as [Date.String] does, and the zero date as "".
func (d Date) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what [Date.MarshalText] writes.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Unit is the length of a [Span].
type Unit string

// The spans that have a page.
const (
	UnitDay   Unit = "day"
	UnitWeek  Unit = "week"
	UnitMonth Unit = "month"
)

// Span is a day, an ISO week or a month, from First to Last, both included.
type Span struct {
	Unit        Unit
	First, Last Date
}

// SpanOf returns the day, week or month that d is in.
func SpanOf(unit Unit, d Date) Span {
	t := d.Time()
	switch unit {
	case UnitWeek:
		monday := d - Date((int(t.Weekday())+6)%7)
		return Span{unit, monday, monday + 6}
	case UnitMonth:
		return Span{unit, NewDate(t.Year(), t.Month(), 1), NewDate(t.Year(), t.Month()+1, 0)}
	default:
		return Span{UnitDay, d, d}
	}
}

// ParseSpan reads a span as it stands in an address: 2026-03-05 for a day,
// 2026-W10 for a week, 2026-03 for a month.
func ParseSpan(unit Unit, s string) (Span, error) {
	switch unit {
	case UnitDay:
		d, err := ParseDate(s)
		return SpanOf(UnitDay, d), err
	case UnitWeek:
		var year, week int
		if n, err := fmt.Sscanf(s, "%4d-W%2d", &year, &week); n == 2 && err == nil && year >= 1900 && year <= 2200 {
			// 4 January is always in week 1.
			span := SpanOf(UnitWeek, NewDate(year, time.January, 4)+Date(7*(week-1)))
			if span.String() == s {
				return span, nil
			}
		}
		return Span{}, Errorf(KindInvalid, "%q is not a week: write it as 2026-W10.", clip(s))
	case UnitMonth:
		t, err := time.Parse("2006-01", s)
		if err != nil || t.Year() < 1900 || t.Year() > 2200 {
			return Span{}, Errorf(KindInvalid, "%q is not a month: write it as 2026-03.", clip(s))
		}
		return SpanOf(UnitMonth, DateOf(t)), nil
	}
	return Span{}, Errorf(KindInvalid, "%q is not one of day, week, month.", clip(string(unit)))
}

// String returns the span as [ParseSpan] reads it.
func (s Span) String() string {
	switch s.Unit {
	case UnitWeek:
		y, w := s.First.Time().ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	case UnitMonth:
		return s.First.Time().Format("2006-01")
	default:
		return s.First.String()
	}
}

// Path returns the address of the span's page, such as /week/2026-W10.
func (s Span) Path() string { return "/" + string(s.Unit) + "/" + s.String() }

// Prev returns the span of the same unit just before s.
func (s Span) Prev() Span { return SpanOf(s.Unit, s.First-1) }

// Next returns the span of the same unit just after s.
func (s Span) Next() Span { return SpanOf(s.Unit, s.Last+1) }

// Title returns the span's name for a heading: "Thursday, 5 March 2026",
// "Week 10, 2026" or "March 2026".
func (s Span) Title() string {
	t := s.First.Time()
	switch s.Unit {
	case UnitWeek:
		y, w := t.ISOWeek()
		return fmt.Sprintf("Week %d, %d", w, y)
	case UnitMonth:
		return t.Format("January 2006")
	default:
		return t.Format("Monday, 2 January 2006")
	}
}

// clip shortens hostile input before it is quoted in a message.
func clip(s string) string {
	const limit = 60
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
