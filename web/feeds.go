package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
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
	handle("GET /feed/category/{file}", s.feed(func(_ context.Context, name string) (*feeds.Feed, offprint.PaperQuery, error) {
		return &feeds.Feed{
			Title: "Offprint: " + name, Link: &feeds.Link{Href: s.BaseURL + "/category/" + url.PathEscape(name)},
			Description: "New papers in " + name + ".",
		}, offprint.PaperQuery{Category: name, Sort: offprint.SortTime}, nil
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
		feed.Id = s.BaseURL + strings.TrimSuffix(r.URL.Path, ext)
		var buf bytes.Buffer
		if err := write(feed, &buf); err != nil {
			return fmt.Errorf("write a feed: %w", err)
		}
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "max-age=300")
		h.Set("ETag", etagOf(buf.Bytes()))
		http.ServeContent(w, r, "", feed.Updated, bytes.NewReader(buf.Bytes()))
		return nil
	}
}

func feedFormat(ext string) (write func(*feeds.Feed, *bytes.Buffer) error, contentType string, ok bool) {
	switch ext {
	case ".atom":
		return func(f *feeds.Feed, b *bytes.Buffer) error { return f.WriteAtom(b) }, "application/atom+xml; charset=utf-8", true
	case ".rss":
		return func(f *feeds.Feed, b *bytes.Buffer) error { return f.WriteRss(b) }, "application/rss+xml; charset=utf-8", true
	case ".json":
		return func(f *feeds.Feed, b *bytes.Buffer) error { return f.WriteJSON(b) }, "application/feed+json; charset=utf-8", true
	}
	return nil, "", false
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
