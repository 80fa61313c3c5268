package main

import "strings"

// siteSettings say where the service is.
type siteSettings struct {
	Addr    string `placeholder:"HOST:PORT" default:"127.0.0.1:8080" help:"Address to listen on."`
	BaseURL string `placeholder:"URL" help:"Address of the service as readers see it, for links in mail and feeds: https://papers.example.org. Without it, http:// and the address to listen on."`
}

// baseURL returns the service's address without a slash at its end.
func (s siteSettings) baseURL() string {
	if s.BaseURL != "" {
		return strings.TrimSuffix(s.BaseURL, "/")
	}
	return "http://" + s.Addr
}
