package bibfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// jsonPaper is a line of JSON. The fields up to Abstract are those of every
// record; the others are there when they are known.
type jsonPaper struct {
	ID         string        `json:"id"` // arXiv id, else DOI, else anything
	Listed     offprint.Date `json:"listed"`
	Title      string        `json:"title"`
	Authors    []string      `json:"authors"`
	Categories []string      `json:"categories"`
	Comment    string        `json:"comment"`
	Abstract   string        `json:"abstract"`

	DOI       string        `json:"doi,omitempty"`
	Journal   string        `json:"journal,omitempty"`
	Summary   string        `json:"summary,omitempty"`
	Published timestamp     `json:"published,omitzero"`
	Updated   timestamp     `json:"updated,omitzero"`
	Versions  []jsonVersion `json:"versions,omitempty"`
	Withdrawn bool          `json:"withdrawn,omitempty"`
	URL       string        `json:"url,omitempty"`
	Upvotes   int           `json:"upvotes,omitempty"` // what the source reports
}

type jsonVersion struct {
	Number int       `json:"number"`
	Time   timestamp `json:"time,omitzero"`
}

// timestamp is a time that may also be written as a bare date.
type timestamp struct{ time.Time }

func (t *timestamp) UnmarshalText(b []byte) error {
	s := string(b)
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04:05"} {
		if v, err := time.Parse(layout, s); err == nil {
			t.Time = v.UTC()
			return nil
		}
	}
	if s == "" {
		return nil
	}
	return fmt.Errorf("%q is not a time: write it as 2026-03-05T17:00:00Z", clip(s))
}

// UnmarshalJSON takes the place of the one that [time.Time] would lend.
func (t *timestamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	return t.UnmarshalText([]byte(s))
}

func (r *Reader) readJSONL() (offprint.Paper, error) {
	for {
		line, err := r.lines.next()
		r.line, r.size = r.lines.n, len(line)
		if errors.Is(err, errLongLine) {
			return offprint.Paper{}, err
		}
		if err != nil {
			return offprint.Paper{}, &readError{err}
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var j jsonPaper
		if err := json.Unmarshal(line, &j); err != nil {
			return offprint.Paper{}, explainJSON(line, err)
		}
		return j.paper(), nil
	}
}

func (j *jsonPaper) paper() offprint.Paper {
	p := offprint.Paper{
		Title:      j.Title,
		Authors:    j.Authors,
		Abstract:   j.Abstract,
		Summary:    j.Summary,
		Categories: j.Categories,
		Comment:    j.Comment,
		Journal:    j.Journal,
		Listed:     j.Listed,
		Published:  j.Published.Time,
		Updated:    j.Updated.Time,
		Withdrawn:  j.Withdrawn,
	}
	p.DOI, _ = offprint.ParseDOI(j.DOI)
	if id, _, ok := offprint.ParseArXivID(j.ID); ok {
		p.ArXivID = id
	} else if p.DOI == "" {
		p.DOI, _ = offprint.ParseDOI(j.ID)
	}
	for _, v := range j.Versions {
		p.Versions = append(p.Versions, offprint.Version{Number: v.Number, Time: v.Time.Time})
	}
	if j.URL != "" || j.Upvotes != 0 {
		p.Origins = []offprint.Origin{{URL: j.URL, Signal: j.Upvotes}}
	}
	return p
}

// WriteJSONL writes a paper as one line of JSON, in the shape that [Reader]
// reads, in a single call of Write. The votes and marks of readers are not in
// it; the URL and the signal are those of the paper's first origin that has one.
func WriteJSONL(w io.Writer, p *offprint.Paper) error {
	j := jsonPaper{
		ID:         firstOf(p.ArXivID, p.DOI, p.Key),
		DOI:        p.DOI,
		Title:      p.Title,
		Authors:    append([]string{}, p.Authors...), // never null
		Abstract:   p.Abstract,
		Summary:    p.Summary,
		Categories: append([]string{}, p.Categories...),
		Comment:    p.Comment,
		Journal:    p.Journal,
		Listed:     p.Listed,
		Published:  timestamp{p.Published},
		Updated:    timestamp{p.Updated},
		Withdrawn:  p.Withdrawn,
		URL:        pageURL(p),
	}
	for _, v := range p.Versions {
		j.Versions = append(j.Versions, jsonVersion{v.Number, timestamp{v.Time}})
	}
	for _, o := range p.Origins {
		if j.Upvotes == 0 {
			j.Upvotes = o.Signal
		}
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&j); err != nil {
		return fmt.Errorf("writing %s as JSON: %w", p.Key, err)
	}
	_, err := w.Write(line.Bytes())
	return err
}

// explainJSON puts an error of package json in words for whoever has the file.
func explainJSON(line []byte, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("the line is a JSON %s: a paper is an object", wrong.Value)
		}
		return fmt.Errorf("%q cannot be a %s", wrong.Field, wrong.Value)
	}
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		if line[0] == '[' {
			return errors.New("the file is a JSON array: write one object a line (jq -c '.[]' does that)")
		}
		return fmt.Errorf("not JSON: %w, at byte %d of the line", err, wrong.Offset)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
