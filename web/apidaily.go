package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// dailyJSON is a paper as programs that read other daily papers' APIs know it.
type dailyJSON struct {
	Paper       dailyPaperJSON `json:"paper"`
	PublishedAt millis         `json:"publishedAt"`
	Title       string         `json:"title"`
	Summary     string         `json:"summary"`
	NumComments int            `json:"numComments"`
}

// dailyPaperJSON is the paper itself in a [dailyJSON].
type dailyPaperJSON struct {
	ID          string            `json:"id" doc:"The arXiv id, or the paper’s key here when it has none."`
	Title       string            `json:"title"`
	Summary     string            `json:"summary" doc:"The whole abstract."`
	Authors     []dailyAuthorJSON `json:"authors"`
	PublishedAt millis            `json:"publishedAt"`
	SubmittedOn millis            `json:"submittedOnDailyAt" doc:"The beginning of the day on whose page it stands."`
	Upvotes     int               `json:"upvotes"`
	GitHubRepo  string            `json:"githubRepo,omitempty" doc:"The first on GitHub that its text links."`
	ProjectPage string            `json:"projectPage,omitempty"`
}

// millis is a time with milliseconds, which is how those APIs write it and some
// programs insist on.
type millis time.Time

// MarshalJSON implements [json.Marshaler].
func (m millis) MarshalJSON() ([]byte, error) {
	return time.Time(m).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *millis) UnmarshalJSON(b []byte) error { return (*time.Time)(m).UnmarshalJSON(b) }

// dailyAuthorJSON is an author in a [dailyPaperJSON].
type dailyAuthorJSON struct {
	Name string `json:"name"`
}

// dailyInput is lenient: what existing programs send is accepted, and what is
// not understood does not matter, but for the date.
type dailyInput struct {
	Date  string `query:"date" doc:"The day, as 2026-03-05; the latest that has papers when absent."`
	Limit string `query:"limit" doc:"How many at most, up to 100; 50 when absent."`
	Page  string `query:"p" doc:"Which page of that many, from 0."`
}

const (
	dailyLimit    = 50
	dailyMaxLimit = 100
	dailyMax      = 20_000 // more papers than any day has
)

// apiDaily answers with a page of a day's papers, trending first.
func (s *Server) apiDaily(r *http.Request, in dailyInput) ([]dailyJSON, error) {
	ctx := r.Context()
	var day offprint.Date
	var err error
	if in.Date != "" {
		day, err = offprint.ParseDate(in.Date)
	} else {
		day, err = s.Store.LatestDay(ctx, s.tomorrow(r))
	}
	if err != nil || day == 0 {
		return []dailyJSON{}, err
	}
	q := offprint.PaperQuery{First: day, Last: day, Sort: offprint.SortTrending, Limit: dailyLimit}
	if n, err := strconv.Atoi(in.Limit); err == nil && n > 0 {
		q.Limit = min(n, dailyMaxLimit)
	}
	if page, err := strconv.Atoi(in.Page); err == nil && page > 0 {
		if page > dailyMax/q.Limit {
			return []dailyJSON{}, nil
		}
		if q.Cursor, err = s.cursorAfter(ctx, q, page*q.Limit); err != nil || q.Cursor == "" {
			return []dailyJSON{}, err
		}
	}
	page, err := s.Store.Papers(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.dailyPapers(ctx, page.Items)
}

// cursorAfter returns the cursor that skips the first n papers of a query, or
// "" when it has no more.
func (s *Server) cursorAfter(ctx context.Context, q offprint.PaperQuery, n int) (string, error) {
	for {
		q.Limit = min(n, 200)
		page, err := s.Store.Papers(ctx, q)
		if n -= q.Limit; err != nil || n == 0 || page.Next == "" {
			return page.Next, err
		}
		q.Cursor = page.Next
	}
}

// dailyPapers reads the papers of a list whole, for their abstracts.
func (s *Server) dailyPapers(ctx context.Context, items []offprint.PaperItem) ([]dailyJSON, error) {
	out := make([]dailyJSON, len(items))
	for i := range items {
		p, err := s.Store.Paper(ctx, items[i].Key)
		if err != nil {
			return nil, err
		}
		out[i] = jsonDaily(p)
	}
	return out, nil
}

func jsonDaily(p *offprint.Paper) dailyJSON {
	d := dailyPaperJSON{
		ID: p.ArXivID, Title: p.Title, Summary: p.Abstract, PublishedAt: millis(p.Published), SubmittedOn: millis(p.Listed.Time()), Upvotes: p.Votes,
		Authors: listOf(p.Authors, func(name *string) dailyAuthorJSON { return dailyAuthorJSON{*name} }),
	}
	if d.ID == "" {
		d.ID = p.Key
	}
	if d.Summary == "" {
		d.Summary = p.Summary
	}
	if p.Published.IsZero() {
		d.PublishedAt = d.SubmittedOn
	}
	for _, l := range p.Links {
		switch {
		case d.GitHubRepo == "" && strings.HasPrefix(l.URL, "https://github.com/"):
			d.GitHubRepo = l.URL
		case l.Kind == offprint.LinkProject && d.ProjectPage == "":
			d.ProjectPage = l.URL
		}
	}
	return dailyJSON{Paper: d, PublishedAt: d.PublishedAt, Title: d.Title, Summary: d.Summary, NumComments: p.Comments}
}
