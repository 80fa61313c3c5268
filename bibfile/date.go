package bibfile

import (
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// partialDate is a date of which the day, or the month and the day, may be
// unknown (0). If the year is 0 nothing is known.
type partialDate struct{ year, month, day int }

// parseDate reads the forms of BibTeX, BibLaTeX and RIS: 2017, 2017-06,
// 2017-06-12 (a time after it is ignored), 2017/06/12/, "June 12, 2017". Of
// 12/06/2017, which means two days, it takes the year alone.
func parseDate(s string) partialDate {
	const limit = 60 // bytes
	var d partialDate
	var numbers []int
	yearFirst := false
	isSeparator := func(r rune) bool { return strings.ContainsRune("-–/., \t\n", r) }
	for word := range strings.FieldsFuncSeq(s[:min(len(s), limit)], isSeparator) {
		word, _, _ = strings.Cut(word, "T0") // 2017-06-12T00:00:00Z
		word, _, _ = strings.Cut(word, "T1")
		word, _, _ = strings.Cut(word, "T2")
		n, err := strconv.Atoi(word)
		switch {
		case err != nil && d.month == 0:
			d.month = monthByName(word)
		case err != nil:
		case d.year == 0 && len(word) == 4 && 1000 <= n && n <= 2200:
			d.year, yearFirst = n, len(numbers) == 0
		case 1 <= n && n <= 31 && len(word) <= 2:
			numbers = append(numbers, n)
		}
	}
	numbers = append(numbers, 0, 0)
	switch {
	case d.year == 0:
		return partialDate{}
	case d.month > 0:
		d.day = numbers[0]
	case yearFirst && numbers[0] <= 12:
		d.month, d.day = numbers[0], numbers[1]
	case numbers[1] == 0 && numbers[0] <= 12: // 06/2017
		d.month = numbers[0]
	}
	if last := time.Date(d.year, time.Month(d.month+1), 0, 0, 0, 0, 0, time.UTC).Day(); d.day > last {
		d.day = 0
	}
	return d
}

// monthByName reads a month's name or abbreviation; 0 if it is none.
func monthByName(s string) int {
	s = strings.ToLower(s)
	for i, name := range monthNames {
		if strings.HasPrefix(s, name) {
			return i + 1
		}
	}
	return 0
}

var monthNames = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// put gives the date to a paper, as that of its first version. Only a whole
// date puts the paper on a day's page; of one without a day, or a month, the
// first is taken.
func (d partialDate) put(p *offprint.Paper) {
	if d.year == 0 {
		return
	}
	p.Published = time.Date(d.year, time.Month(max(d.month, 1)), max(d.day, 1), 0, 0, 0, 0, time.UTC)
	if d.day > 0 && d.year >= 1900 {
		p.Listed = offprint.DateOf(p.Published)
	}
}

// published returns the time that stands for a paper in a reference: that of
// its first version, or else the day that listed it. It may be zero.
func published(p *offprint.Paper) time.Time {
	if p.Published.IsZero() && p.Listed != 0 {
		return p.Listed.Time()
	}
	return p.Published
}
