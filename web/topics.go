package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
)

// routeTopics adds what has been found in all papers.
func (s *Server) routeTopics(handle func(string, handlerFunc)) {
	handle("GET /topics", s.topics)
	handle("GET /topic/{slug}", s.topic)
	handle("GET /learned", s.learned)
}

type topicView struct {
	engine.Topic
	URL   string
	Chart template.HTML
	Trend string // "rising", "falling" or nothing
	Arrow string
}

func newTopicView(t engine.Topic, width, height int) topicView {
	v := topicView{Topic: t, URL: "/topic/" + url.PathEscape(t.Slug), Chart: shareChart(t, width, height)}
	switch {
	case t.Rising:
		v.Trend, v.Arrow = "rising", "↗"
	case t.Falling:
		v.Trend, v.Arrow = "falling", "↘"
	}
	return v
}

// topics shows all themes: what rises, what falls, and the rest.
func (s *Server) topics(w http.ResponseWriter, r *http.Request) error {
	if err := s.needEngine(); err != nil {
		return err
	}
	type group struct {
		Name   string
		Topics []topicView
	}
	groups := []group{{Name: "Rising"}, {Name: "Falling"}, {Name: "Steady"}}
	for _, t := range s.Engine.Topics() {
		g := &groups[2]
		switch {
		case t.Rising:
			g = &groups[0]
		case t.Falling:
			g = &groups[1]
		}
		g.Topics = append(g.Topics, newTopicView(t, 132, 34))
	}
	s.render(w, r, http.StatusOK, "topics", page{
		Title: "Topics", Nav: "topics", Canonical: "/topics", Description: "What the papers here are about, and what rises and falls.",
		Content: groups,
	})
	return nil
}

// topic shows a theme over time and its newest papers.
func (s *Server) topic(w http.ResponseWriter, r *http.Request) error {
	if err := s.needEngine(); err != nil {
		return err
	}
	q, err := s.listQuery(r, offprint.SortTime)
	if err != nil {
		return err
	}
	t, papers, err := s.Engine.Topic(r.Context(), r.PathValue("slug"), q)
	if err != nil {
		return err
	}
	p := struct {
		topicView
		List list
	}{newTopicView(t, 720, 160), newListWhy(papers, r.URL, nil)}
	s.render(w, r, http.StatusOK, "topic", page{
		Title: t.Name, Nav: "topics", Canonical: "/topic/" + url.PathEscape(t.Slug), Description: "Papers on " + t.Name + ".", Content: p,
	})
	return nil
}

// learned says what the machine has learned from the papers.
func (s *Server) learned(w http.ResponseWriter, r *http.Request) error {
	if err := s.needEngine(); err != nil {
		return err
	}
	st, _ := s.Engine.Status()
	s.render(w, r, http.StatusOK, "learned", page{Title: "What was learned", Content: struct {
		engine.Status
		Megabytes string
	}{st, fmt.Sprintf("%.1f", float64(st.Bytes)/1e6)}})
	return nil
}

// shareChart draws a topic's share of the papers, week by week, as an area.
func shareChart(t engine.Topic, width, height int) template.HTML {
	if len(t.Weeks) < 2 {
		return ""
	}
	top := 0.
	for _, share := range t.Weeks {
		top = max(top, share)
	}
	if top == 0 {
		return ""
	}
	var line strings.Builder
	for i, share := range t.Weeks {
		x := float64(i) * float64(width-2) / float64(len(t.Weeks)-1)
		y := float64(height-2) * (1 - share/top)
		fmt.Fprintf(&line, "%s%.1f %.1f", []string{"M", "L"}[min(i, 1)], 1+x, 1+y)
	}
	first := t.First.Time()
	last := first.AddDate(0, 0, 7*(len(t.Weeks)-1))
	label := fmt.Sprintf("Share of the papers from the week of %s to that of %s: from %.1f%% to %.1f%%, at most %.1f%%.",
		first.Format("2 Jan 2006"), last.Format("2 Jan 2006"), 100*t.Weeks[0], 100*t.Weeks[len(t.Weeks)-1], 100*top)
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers and dates
		`<svg class="share" viewBox="0 0 %d %d" role="img" aria-label="%s"><path class="area" d="%sL%d %dL1 %dZ"/><path class="line" d="%s"/></svg>`,
		width, height, label, line.String(), width-1, height-1, height-1, line.String()))
}

// week is a date in a sentence.
func week(d offprint.Date) string { return d.Time().In(time.UTC).Format("2 January 2006") }
