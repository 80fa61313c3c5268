package bibfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/offprint/offprint"
)

// risTags are the tags that a record is read from, with TY and ER around them.
var risTags = func() map[string]bool {
	m := map[string]bool{}
	for _, t := range strings.Fields("TY ER TI T1 CT AU A1 AB N2 N1 DO UR L1 L2 LK AN M1 PY Y1 DA JO JF T2 JA J2 KW") {
		m[t] = true
	}
	return m
}()

var risForm = regexp.MustCompile(`^([A-Z][A-Z0-9])( {1,2})-(?: |$)`)

// risLine takes a line such as "TI  - A title" apart. With a single space,
// which some programs write, it has to be a tag that we know: a line of text
// may look the same.
func risLine(line []byte) (tag string, value []byte, ok bool) {
	if len(line) < 4 || line[0] < 'A' || line[0] > 'Z' {
		return "", nil, false // for speed
	}
	m := risForm.FindSubmatch(line)
	if m == nil || len(m[2]) == 1 && !risTags[string(m[1])] {
		return "", nil, false
	}
	return string(m[1]), bytes.TrimSpace(line[len(m[0]):]), true
}

// risRecord collects the values of a record in their order.
type risRecord struct {
	text   []byte // of all values
	fields []risField
}

type risField struct {
	tag      string
	from, to int // of its value in text
}

// add takes in a line of the record. Without a tag it goes on with the value
// before it. It reports whether the record is still within the limit.
func (rec *risRecord) add(tag string, value []byte, tagged bool) bool {
	const overhead = 32 // bytes of a field, about
	if len(rec.text)+len(value)+overhead*len(rec.fields) > maxRecord {
		return false
	}
	switch n := len(rec.fields); {
	case tagged:
		rec.text = append(rec.text, value...)
		rec.fields = append(rec.fields, risField{tag, len(rec.text) - len(value), len(rec.text)})
	case n > 0 && len(value) > 0:
		rec.text = append(append(rec.text, ' '), value...)
		rec.fields[n-1].to = len(rec.text)
	}
	return true
}

// values returns the values of the first of the tags that has any.
func (rec *risRecord) values(tags ...string) []string {
	for _, tag := range tags {
		var list []string
		for _, f := range rec.fields {
			if f.tag == tag && f.to > f.from {
				list = append(list, decode(rec.text[f.from:f.to]))
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// first returns the first value of the first of the tags that has any.
func (rec *risRecord) first(tags ...string) string {
	return firstOf(rec.values(tags...)...)
}

// readRIS reads the next record: from TY to ER, or to the next TY where ER is
// missing.
func (r *Reader) readRIS() (offprint.Paper, error) {
	for {
		line, err := r.lines.next()
		if err != nil && !errors.Is(err, errLongLine) {
			return offprint.Paper{}, &readError{err}
		}
		if tag, _, _ := risLine(line); tag == "TY" {
			break
		}
	}
	r.line = r.lines.n
	var rec risRecord
	tooLong := false
	for {
		line, err := r.lines.next()
		ended, long := errors.Is(err, io.EOF), errors.Is(err, errLongLine)
		if err != nil && !ended && !long {
			return offprint.Paper{}, &readError{err}
		}
		tag, value, tagged := risLine(line)
		if tag == "TY" {
			r.lines.unread()
		}
		if tag == "TY" || tag == "ER" || ended {
			break
		}
		if !tagged {
			value = bytes.TrimSpace(line)
		}
		if long || !rec.add(tag, value, tagged) {
			tooLong = true
		}
	}
	if r.size = len(rec.text); tooLong {
		return offprint.Paper{}, errLongLine
	}
	return rec.paper(), nil
}

// paper returns what the record says of its work.
func (rec *risRecord) paper() offprint.Paper {
	p := offprint.Paper{
		Title:    rec.first("TI", "T1", "CT"),
		Abstract: rec.first("AB", "N2"),
		Comment:  rec.first("N1"),
		Journal:  rec.first("JO", "JF", "T2", "JA", "J2"),
	}
	for _, a := range rec.values("AU", "A1") {
		p.Authors = append(p.Authors, risName(a))
	}
	for _, k := range rec.values("KW") {
		p.Categories = addCategories(p.Categories, k)
	}
	urls := rec.values("UR", "LK", "L2", "L1")
	p.DOI = firstDOI(append(rec.values("DO"), urls...)...)
	p.ArXivID = firstArXivID(append([]string{p.DOI, rec.first("AN"), rec.first("M1"), p.Journal}, urls...)...)
	if preprintJournal.MatchString(p.Journal) {
		p.Journal = ""
	}
	if len(urls) > 0 {
		p.Origins = []offprint.Origin{{URL: urls[0]}}
	}
	for _, tag := range []string{"DA", "Y1", "PY"} {
		if d := parseDate(rec.first(tag)); d.year > 0 {
			d.put(&p)
			break
		}
	}
	return p
}
