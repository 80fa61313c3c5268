package offprint

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	maxLinks = 10
	maxURL   = 300 // bytes of a link in a text
)

var urlPattern = regexp.MustCompile(`(?i)https?:\s?//[^\s<>"{}\\^|` + "`" + `]+`)

// FindLinks returns the addresses of code, data and project pages that are
// given in texts, such as an abstract and a comment. Others are left out.
func FindLinks(text ...string) []Link {
	var links []Link
	for _, s := range text {
		for _, m := range urlPattern.FindAllString(s, -1) {
			raw := strings.TrimRight(strings.ReplaceAll(m, " ", ""), ".,;:!?)]}'*")
			u, err := url.Parse(raw)
			if err != nil || len(raw) > maxURL || u.User != nil || u.Hostname() == "" {
				continue
			}
			if _, err := netip.ParseAddr(u.Hostname()); err == nil {
				continue
			}
			kind, ok := linkKind(u)
			if !ok || slices.ContainsFunc(links, func(l Link) bool { return l.URL == raw }) {
				continue
			}
			if links = append(links, Link{kind, raw}); len(links) == maxLinks {
				return links
			}
		}
	}
	return links
}

func linkKind(u *url.URL) (LinkKind, bool) {
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	switch {
	case host == "huggingface.co" && strings.HasPrefix(u.Path, "/datasets"), host == "zenodo.org", host == "kaggle.com":
		return LinkData, true
	case host == "github.com", host == "gitlab.com", host == "bitbucket.org", host == "codeberg.org", host == "huggingface.co":
		return LinkCode, true
	case strings.HasSuffix(host, ".github.io"):
		return LinkProject, true
	}
	return "", false
}
