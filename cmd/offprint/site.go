package main

import (
	"net/url"
	"strings"

	"github.com/offprint/offprint"
)

// siteSettings say where the service is.
type siteSettings struct {
	Addr    string  `placeholder:"HOST:PORT" default:"127.0.0.1:8080" help:"Address to listen on."`
	BaseURL siteURL `placeholder:"URL" help:"Address of the service as readers see it, for links in mail and feeds: https://papers.example.org. Without it, http:// and the address to listen on."`
}

// baseURL returns the service's address without a slash at its end.
func (s siteSettings) baseURL() string {
	if s.BaseURL != "" {
		return string(s.BaseURL)
	}
	return "http://" + s.Addr
}

// siteURL is the address of a service, without a slash at its end.
type siteURL string

// UnmarshalText implements [encoding.TextUnmarshaler]. Pages link to each other
// from the root of their host, so a service has a host of its own.
func (u *siteURL) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*u = ""
		return nil
	}
	parsed, err := url.Parse(strings.TrimSuffix(string(text), "/"))
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" ||
		*parsed != (url.URL{Scheme: parsed.Scheme, Host: parsed.Host}) {
		return offprint.Errorf(offprint.KindInvalid, "%q is not the address of a service: write it as https://papers.example.org, without a path.", text)
	}
	*u = siteURL(parsed.String())
	return nil
}
