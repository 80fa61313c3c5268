package feed

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/offprint/offprint"
)

// Found is a feed that [Client.Discover] found.
type Found struct {
	URL   string
	Title string // may be empty
}

const maxFound = 20

// Discover returns the feed at an address, or the feeds that the web page there
// announces, in its order. Without any the error is [offprint.KindNotFound].
func (c *Client) Discover(ctx context.Context, address string) ([]Found, error) {
	doc, err := c.get(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	if doc == nil { // nothing was asked that could be answered so
		return nil, malformed()
	}
	f, err := parse(doc.body, doc.contentType)
	if err == nil {
		return []Found{{URL: address, Title: title(f)}}, nil
	}
	if !errors.Is(err, errNotFeed) {
		return nil, err
	}
	body, err := toUTF8(doc.body, doc.contentType)
	if err != nil {
		return nil, malformed()
	}
	if found := announced(body, doc.url); len(found) > 0 {
		return found, nil
	}
	return nil, offprint.Errorf(offprint.KindNotFound, "There is no feed at the address, and the page there announces none: give the feed's own address.")
}

// announced finds a page's <link rel="alternate"> to feeds.
func announced(page []byte, base *url.URL) []Found {
	var found []Found
	z := html.NewTokenizer(bytes.NewReader(page))
	for len(found) < maxFound {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		t := z.Token()
		attr := map[string]string{}
		for _, a := range t.Attr {
			attr[a.Key] = strings.TrimSpace(a.Val)
		}
		u, err := base.Parse(attr["href"])
		if err != nil || attr["href"] == "" || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		switch {
		case t.DataAtom == atom.Base:
			base = u
		case t.DataAtom == atom.Link && isFeed(attr["rel"], attr["type"]):
			f := Found{URL: u.String(), Title: strings.Join(strings.Fields(attr["title"]), " ")}
			if !slices.ContainsFunc(found, func(x Found) bool { return x.URL == f.URL }) {
				found = append(found, f)
			}
		}
	}
	return found
}

func isFeed(rel, mediaType string) bool {
	if !slices.Contains(strings.Fields(strings.ToLower(rel)), "alternate") {
		return false
	}
	mediaType, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
	switch strings.TrimSpace(mediaType) {
	case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml":
		return true
	}
	return false
}
