package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/feeds"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/texmath"
)

// feedSize is how many papers a feed holds.
const feedSize = 100

// routeFeeds adds the feeds: each as .atom, .rss and .json.
func (s *Server) routeFeeds(handle func(string, handlerFunc)) {
	handle("GET /feeds", s.feedsPage)
	handle("GET /feed/{file}", s.feed(func(ctx context.Context, name string) (*feeds.Feed, offprint.PaperQuery, error) {
		if name != "today" {
			return nil, offprint.PaperQuery{}, offprint.Errorf(offprint.KindNotFound, "There is no such feed.")
		}
		day, err := s.Store.LatestDay(ctx, offprint.DateOf(s.now())+1)
		return &feeds.Feed{
			Title: "Offprint: today", Link: &feeds.Link{Href: s.BaseURL + "/"},
			Description: "The papers of the newest day, trending first.",
		}, offprint.PaperQuery{First: day, Last: day, Sort: offprint.SortTrending}, err
	}))
	handle("GET /feed/category/{file}", s.feed(func(ctx context.Context, name string) (*feeds.Feed, offprint.PaperQuery, error) {
		known, err := s.Store.Papers(ctx, offprint.PaperQuery{Category: name, Sort: offprint.SortTime, Limit: 1})
		if err == nil && len(known.Items) == 0 {
			err = offprint.Errorf(offprint.KindNotFound, "No paper here is in the category %q.", name)
		}
		return &feeds.Feed{
			Title: "Offprint: " + name, Link: &feeds.Link{Href: s.BaseURL + "/category/" + url.PathEscape(name)},
			Description: "New papers in " + name + ".",
		}, offprint.PaperQuery{Category: name, Sort: offprint.SortTime}, err
	}))
	handle("GET /feed/search/{file}", s.feed(func(ctx context.Context, slug string) (*feeds.Feed, offprint.PaperQuery, error) {
		saved, err := s.Store.SavedSearchBySlug(ctx, slug)
		if err != nil {
			return nil, offprint.PaperQuery{}, err
		}
		query, err := offprint.ParseQuery(saved.Query)
		return &feeds.Feed{
			Title: "Offprint: " + saved.Name, Link: &feeds.Link{Href: s.BaseURL + "/search?q=" + url.QueryEscape(saved.Query)},
			Description: "New papers for the search " + saved.Query,
		}, offprint.PaperQuery{ReaderID: saved.ReaderID, WithHidden: true, Search: query, Sort: offprint.SortTime}, err
	}))
	handle("GET /feed/tag/{file}", s.feed(func(ctx context.Context, slug string) (*feeds.Feed, offprint.PaperQuery, error) {
		tag, err := s.Store.PublishedTag(ctx, slug)
		if err != nil {
			return nil, offprint.PaperQuery{}, err
		}
		return &feeds.Feed{
			Title: "Offprint: " + tag.Tag, Link: &feeds.Link{Href: s.BaseURL + "/"},
			Description: "Papers that a reader tagged " + tag.Tag + ".",
		}, offprint.PaperQuery{ReaderID: tag.ReaderID, WithHidden: true, Tags: offprint.HasTag(tag.Tag), Sort: offprint.SortTime}, nil
	}))
}

// feed answers with the feed that its name and query describe, in the format
// that the address ends in. What a reader has done with the papers is left out.
func (s *Server) feed(find func(ctx context.Context, name string) (*feeds.Feed, offprint.PaperQuery, error)) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		file := r.PathValue("file")
		ext := path.Ext(file)
		write, contentType, ok := feedFormat(ext)
		if !ok {
			return offprint.Errorf(offprint.KindNotFound, "A feed’s address ends in .atom, .rss or .json.")
		}
		feed, q, err := find(r.Context(), strings.TrimSuffix(file, ext))
		if err != nil {
			return err
		}
		q.Limit = feedSize
		papers, err := s.Store.Papers(r.Context(), q)
		if err != nil {
			return err
		}
		for i := range papers.Items {
			feed.Items = append(feed.Items, s.feedItem(&papers.Items[i].Paper))
			if u := feed.Items[i].Created; u.After(feed.Updated) {
				feed.Updated = u
			}
		}
		feed.Id = s.BaseURL + r.URL.EscapedPath()
		var buf bytes.Buffer
		if err := write(feed, &buf); err != nil {
			return fmt.Errorf("write a feed: %w", err)
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "max-age=300")
		etag := etagOf(buf.Bytes())
		h.Set("ETag", etag)
		http.ServeContent(w, r, "", s.feedChanges.at(r.URL.Path, etag, s.now()), bytes.NewReader(buf.Bytes()))
		return nil
	}
}

// feedFormat returns how a feed is written whose address ends in ext. A feed's
// Id is its own address.
func feedFormat(ext string) (write func(*feeds.Feed, io.Writer) error, contentType string, ok bool) {
	switch ext {
	case ".atom":
		return func(f *feeds.Feed, w io.Writer) error {
			atom := (&feeds.Atom{Feed: descriptionsAsHTML(f)}).AtomFeed()
			atom.Id = f.Id
			return feeds.WriteXML(atom, w)
		}, "application/atom+xml; charset=utf-8", true
	case ".rss":
		return func(f *feeds.Feed, w io.Writer) error { return descriptionsAsHTML(f).WriteRss(w) }, "application/rss+xml; charset=utf-8", true
	case ".json":
		return func(f *feeds.Feed, w io.Writer) error {
			j := (&feeds.JSON{Feed: f}).JSONFeed()
			j.FeedUrl = f.Id
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(j)
		}, "application/feed+json; charset=utf-8", true
	}
	return nil, "", false
}

// descriptionsAsHTML makes HTML of the descriptions, which are plain text:
// that is what they are in Atom, as it is written here, and in RSS.
func descriptionsAsHTML(f *feeds.Feed) *feeds.Feed {
	for _, item := range f.Items {
		item.Description = html.EscapeString(item.Description)
	}
	return f
}

// feedChanges remembers when each feed was last seen to change. Papers only
// know their day, and one that joins it at noon must reach who asks for what
// is new since the morning. After a restart every feed counts as new, once.
type feedChanges struct {
	mu   sync.Mutex
	last map[string]feedChange // by path; only feeds that exist get in
}

type feedChange struct {
	etag string
	at   time.Time
}

// at returns when the feed at a path came to have the content with a tag. Two
// changes are a second apart at least, which is as exact as HTTP's dates are.
func (c *feedChanges) at(path, etag string, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = map[string]feedChange{}
	}
	change, ok := c.last[path]
	if change.etag == etag {
		return change.at
	}
	if next := change.at.Add(time.Second); ok && now.Before(next) {
		now = next
	}
	c.last[path] = feedChange{etag, now.Truncate(time.Second)}
	return c.last[path].at
}

func (s *Server) feedItem(p *offprint.Paper) *feeds.Item {
	address := s.BaseURL + "/paper/" + p.Key
	text := p.Abstract
	if text == "" {
		text = p.Summary
	}
	item := &feeds.Item{
		Id: address, Link: &feeds.Link{Href: address},
		Title: texmath.Text(p.Title), Description: texmath.Text(text),
		Author: &feeds.Author{Name: strings.Join(p.Authors, ", ")},
	}
	switch {
	case p.Listed != 0:
		item.Created = p.Listed.Time()
	case !p.Published.IsZero():
		item.Created = p.Published
	default:
		item.Created = time.Unix(0, 0).UTC()
	}
	return item
}

// feedsPage lists the feeds that everybody may read.
func (s *Server) feedsPage(w http.ResponseWriter, r *http.Request) error {
	categories, err := s.topCategories(r.Context(), 200)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "feeds", page{Title: "Feeds", Canonical: "/feeds", Feed: "/feed/today", Content: categories})
	return nil
}
