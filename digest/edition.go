package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
	"github.com/offprint/offprint/texmath"
)

// edition is the content of one digest to one subscription.
type edition struct {
	sub    *offprint.Subscription
	period string
	span   offprint.Span
	papers []offprint.PaperItem
	listed int // papers of the span, whatever the subscription's query
}

// edit makes the edition of a period.
func (s *Service) edit(ctx context.Context, sub *offprint.Subscription, period string, span offprint.Span) (*edition, error) {
	papers, err := s.choose(ctx, sub, span)
	if err != nil {
		return nil, fmt.Errorf("digest: choose papers: %w", err)
	}
	days, err := s.store.Days(ctx, span.First, span.Last)
	if err != nil {
		return nil, fmt.Errorf("digest: count papers: %w", err)
	}
	e := &edition{sub: sub, period: period, span: span, papers: papers}
	for _, d := range days {
		e.listed += d.Papers
	}
	return e, nil
}

// messageID names the digest for good, without telling who gets it.
func (s *Service) messageID(sub *offprint.Subscription, period string) string {
	sum := sha256.Sum256([]byte("digest\x00" + sub.Secret + "\x00" + period))
	return "digest." + period + "." + hex.EncodeToString(sum[:10]) + "@" + s.domain()
}

// message renders the edition.
func (s *Service) message(e *edition, messageID string) (mail.Message, error) {
	v := s.view(e)
	html, err := v.html()
	if err != nil {
		return mail.Message{}, fmt.Errorf("digest: render: %w", err)
	}
	return mail.Message{
		To: e.sub.Email, Subject: e.subject(), Text: v.text(), HTML: html, ID: messageID,
		ListID: "digest." + s.domain(), Unsubscribe: v.Unsubscribe,
	}, nil
}

// name is the digest's, by how often it comes.
func (e *edition) name() string {
	switch e.sub.Frequency {
	case offprint.Weekly:
		return "Weekly Papers"
	case offprint.Monthly:
		return "Monthly Papers"
	}
	return "Daily Papers"
}

// subject is such as "Daily Papers, Thu 5 March: A title and 9 more".
func (e *edition) subject() string {
	const limit = 100 // of the title, in characters
	s := e.name() + ", " + e.when() + ": " + shorten(texmath.Text(e.papers[0].Title), limit)
	if more := len(e.papers) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// when is the span, briefly.
func (e *edition) when() string {
	first, last := e.span.First.Time(), e.span.Last.Time()
	switch {
	case e.span.Unit == offprint.UnitWeek:
		_, week := first.ISOWeek()
		return fmt.Sprintf("week %d", week)
	case e.span.Unit == offprint.UnitMonth:
		return first.Format("January")
	case e.span.First == e.span.Last:
		return first.Format("Mon 2 January")
	}
	return first.Format("Mon 2") + " to " + last.Format("Mon 2 January")
}

// title is the span, for a heading.
func (e *edition) title() string {
	first, last := e.span.First.Time(), e.span.Last.Time()
	switch {
	case e.span.Unit == offprint.UnitWeek:
		return e.span.Title() + ": " + first.Format("2 January") + " to " + last.Format("2 January")
	case e.span.Unit == offprint.UnitDay && e.span.First != e.span.Last:
		return first.Format("Monday, 2 January") + " to " + last.Format("Monday, 2 January 2006")
	}
	return e.span.Title()
}

// about says how many papers there are, of what.
func (e *edition) about() string {
	switch n := len(e.papers); {
	case e.sub.Query != "":
		return plural(n, "paper") + " for " + e.sub.Query
	case n == e.listed:
		return plural(n, "paper")
	default:
		return fmt.Sprintf("%d of %s", n, plural(e.listed, "paper"))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// byline names the first authors.
func byline(authors []string) string {
	const shown = 3
	if len(authors) > shown+1 { // "et al." for a single one would be as long as the name
		return strings.Join(authors[:shown], ", ") + " et al."
	}
	return strings.Join(authors, ", ")
}
