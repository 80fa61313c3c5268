package arxiv

import (
	"time"
	_ "time/tzdata" // arXiv's schedule is in New York's time, on machines without zones too

	"github.com/offprint/offprint"
)

var newYork = func() *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // embedded above
	}
	return l
}()

// ListingDay returns the day on which arXiv lists a paper that was submitted at
// t and not held back. Submissions close at 14:00 in New York; what came in by
// then on Monday to Friday is announced in that evening (Friday's on Sunday)
// and listed under the working day after. Holidays are not known.
func ListingDay(t time.Time) offprint.Date {
	t = t.In(newYork)
	d := offprint.DateOf(t)
	if t.Hour() >= 14 {
		d++
	}
	return nextWorkday(workday(d))
}

// listed chooses the day on whose page a harvested record stands. OAI-PMH has
// no announcement date. A paper that is new (one version, changed within ten
// days of its submission) appears in OAI-PMH when it is announced, so its
// datestamp is that day. The datestamp of any other paper tells of a later
// change, and the day is reckoned from the submission. A new version therefore
// never moves a paper to another day: the store keeps the earliest.
func listed(created, updated, datestamp offprint.Date) offprint.Date {
	const moderation = 10 // days; arXiv holds few papers for longer
	if created == 0 {
		return 0 // nothing says that it is new
	}
	single := updated == 0 || updated == created
	if single && datestamp >= created && datestamp <= created+moderation {
		return workday(datestamp)
	}
	return nextWorkday(workday(created))
}

// workday returns d, or the Monday after it if d is at a weekend.
func workday(d offprint.Date) offprint.Date {
	switch d.Time().Weekday() {
	case time.Saturday:
		return d + 2
	case time.Sunday:
		return d + 1
	default:
		return d
	}
}

func nextWorkday(d offprint.Date) offprint.Date { return workday(d + 1) }
