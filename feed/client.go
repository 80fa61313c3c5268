// Package feed brings papers from RSS, Atom and JSON feeds, and finds the
// feeds of a web page.
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

// Limits on a feed.
const (
	maxBody  = 8 << 20 // bytes, decompressed
	maxItems = 2000    // arXiv's largest feeds have about 1,500 on a busy day
)

// Client reads feeds. Its methods may be called from several goroutines. Only
// HTTP is required.
type Client struct {
	HTTP *http.Client     // from package outbound
	Now  func() time.Time // time.Now if nil
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Fetch reads the feed at src.URL if it has changed since the last time, and
// stores its items as papers in one batch: at most the first 2,000. An item
// without a title is left out.
//
// The returned source's NextRun is when the feed may be read again by its own
// account (RSS's ttl), or zero if it gives none.
func (c *Client) Fetch(ctx context.Context, src offprint.Source, store func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
	if src.AllowPrivate {
		ctx = outbound.AllowPrivate(ctx)
	}
	src.NextRun = time.Time{}
	doc, err := c.get(ctx, src.URL, http.Header{"If-None-Match": {src.ETag}, "If-Modified-Since": {src.LastModified}})
	if err != nil {
		return src, err
	}
	if doc == nil { // not modified
		return src, nil
	}
	f, err := parse(doc.body, doc.contentType)
	if err != nil {
		return src, err
	}
	papers := convert(f, origin{name: Origin(src.URL), base: doc.url}, c.now().UTC())
	src.ETag, src.LastModified = doc.etag, doc.lastModified
	if src.Name == "" {
		src.Name = title(f)
	}
	if err := store(src, offprint.Batch{Papers: papers, Done: len(papers), Total: len(papers)}); err != nil {
		return src, err
	}
	if ttl := timeToLive(f); ttl > 0 {
		src.NextRun = c.now().Add(ttl)
	}
	return src, nil
}

// Origin is the name of a feed as [offprint.Origin] has it. A name and a
// password in the address are left out, as readers see origins.
func Origin(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "feed:"
	case u.User == nil:
		return "feed:" + address
	}
	u.User = nil
	return "feed:" + u.String()
}

// document is what an address gave.
type document struct {
	url                *url.URL // after redirects
	body               []byte
	contentType        string
	etag, lastModified string
}

// get returns the document at an address, or nil if it is not modified in the
// sense of the header.
func (c *Client) get(ctx context.Context, address string, header http.Header) (*document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Host == "" {
		return nil, offprint.Errorf(offprint.KindInvalid, "The feed's address is malformed: it begins with http:// or https://.")
	}
	for name, values := range header {
		if values[0] != "" {
			req.Header[name] = values
		}
	}
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.5, */*;q=0.1")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNotModified {
		return nil, nil
	}
	if err := outbound.CheckStatus(resp, c.now()); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the feed: %w", err)
	}
	if len(body) > maxBody {
		return nil, offprint.Errorf(offprint.KindTooLarge, "The feed is larger than %d MiB, the most that is read.", maxBody>>20)
	}
	return &document{
		url:          resp.Request.URL,
		body:         body,
		contentType:  resp.Header.Get("Content-Type"),
		etag:         validator(resp.Header.Get("ETag")),
		lastModified: validator(resp.Header.Get("Last-Modified")),
	}, nil
}

// validator keeps a server's word for its version of a document, unless it is
// absurdly long: without one, the document is simply read again.
func validator(s string) string {
	if s = strings.TrimSpace(s); len(s) > 1000 {
		return ""
	}
	return s
}

var errNotFeed = errors.New("not a feed")
