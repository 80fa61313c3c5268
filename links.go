package offprint

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Limits on the links of a paper.
const (
	maxLinks  = 10
	maxURL    = 300 // bytes
	maxClause = 160 // bytes of the words before an address
)

// FindLinks returns the addresses of code, data and project pages in texts such
// as an abstract and a comment, at most 10, each once, in order of appearance.
//
// A known host (such as github.com, huggingface.co/datasets, *.github.io) tells
// what an address leads to. Any other is taken only if the words before it say
// so, as in "code is available at" or "project page:". LaTeX around an address
// (\url{...}, \href{...}{...}), punctuation behind it and white space that a
// line break left in it are cut. Addresses that are not http or https, of more
// than 300 bytes, with a user name, an IP address or a local name are left out.
func FindLinks(text ...string) []Link {
	var links []Link
	seen := make(map[string]bool)
	for _, s := range text {
		s = s[addressesFrom(s):]
		end := 0 // of the address before
		for _, at := range addressPattern.FindAllStringIndex(s, -1) {
			clause := lastClause(s[end:at[0]])
			end = at[1]
			u := parseLink(s[at[0]:at[1]])
			if u == nil {
				continue
			}
			kind := linkKind(u, clause)
			id := linkIdentity(u)
			if kind == "" || seen[id] {
				continue
			}
			seen[id] = true
			if links = append(links, Link{kind, u.String()}); len(links) == maxLinks {
				return links
			}
		}
	}
	return links
}

// addressPattern matches an address: a scheme, in which white space may have
// crept ("https: //"), or a known host without one; then what URLs are made of,
// of which LaTeX escapes some ("\_"). White space after a hyphen or underscore
// is what a line break has left in an address.
var addressPattern = regexp.MustCompile(`(?i)` +
	`(?:\bhttps?\s{0,2}:\s{0,2}/\s?/\s{0,2}(?:github\.\s{1,3}com/)?` +
	`|\b(?:www\.)?(?:github\.com|gitlab\.com|huggingface\.co|hf\.co|[a-z0-9-]+\.github\.io)/)` +
	`(?:[a-z0-9.~:/?#@!&'()*+,;=%]|\\[_#%&~]|[-_]+(?:\s{1,3}[a-z0-9])?)*`)

var (
	whiteSpace  = regexp.MustCompile(`\s+`)
	schemeStart = regexp.MustCompile(`(?i)^https?:/*`)
	hostPattern = regexp.MustCompile(`^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:[a-z]{2,}|xn--[a-z0-9-]+)$`)
)

// addressesFrom returns where to start looking for addresses in s: with the
// words before the first one, or at the end if there can be none. Most texts
// have none, and most others have them last; the pattern is slow.
func addressesFrom(s string) int {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		return 0
	}
	start := len(s)
	for _, sign := range []string{"http", "github.", "gitlab.com/", "huggingface.co/", "hf.co/"} {
		if i := strings.Index(lower, sign); i >= 0 {
			start = min(start, i)
		}
	}
	if start == len(s) {
		return start
	}
	start = max(0, start-maxClause-100) // a label of a host's name has at most 63 bytes
	for start > 0 && s[start] != ' ' {
		start--
	}
	return start
}

// parseLink reads what addressPattern matched, and returns nil if it is not an
// address that anybody else can follow.
func parseLink(s string) *url.URL {
	s = whiteSpace.ReplaceAllString(strings.ReplaceAll(s, `\`, ""), "")
	s = trimAddress(s)
	if !schemeStart.MatchString(s) {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || len(u.String()) > maxURL {
		return nil
	}
	u.Host = strings.ToLower(u.Host)
	host := u.Hostname()
	if !hostPattern.MatchString(host) || slices.Contains(localDomains, host[strings.LastIndexByte(host, '.')+1:]) {
		return nil
	}
	return u
}

// localDomains are the top-level domains that lead nowhere outside.
var localDomains = []string{"local", "localhost", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "example", "invalid", "onion"}

// trimAddress cuts the punctuation of the sentence off an address, and closing
// parentheses that it does not open.
func trimAddress(s string) string {
	for {
		trimmed := strings.TrimRight(s, `.,;:!?'*#&`)
		if strings.HasSuffix(trimmed, ")") && strings.Count(trimmed, ")") > strings.Count(trimmed, "(") {
			trimmed = trimmed[:len(trimmed)-1]
		}
		if trimmed == s {
			return s
		}
		s = trimmed
	}
}

// linkIdentity is the same for the spellings of one address.
func linkIdentity(u *url.URL) string {
	id := strings.TrimPrefix(u.Host, "www.") + strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git") + "?" + u.RawQuery
	return strings.ToLower(id)
}

// knownHosts are the hosts, with the start of the path where it matters, whose
// pages are of one kind; the first that fits counts, and "" is for pages that
// are none. A name that starts with "." stands for its subdomains.
var knownHosts = []struct {
	host, path string
	kind       LinkKind
}{
	{"huggingface.co", "/datasets/", LinkData},
	{"huggingface.co", "/papers/", ""},
	{"huggingface.co", "/blog/", ""},
	{"huggingface.co", "/", LinkCode},
	{"hf.co", "/datasets/", LinkData},
	{"hf.co", "/papers/", ""},
	{"hf.co", "/", LinkCode},
	{"modelscope.cn", "/datasets/", LinkData},
	{"modelscope.cn", "/", LinkCode},
	{"kaggle.com", "/datasets/", LinkData},
	{"kaggle.com", "/code/", LinkCode},
	{"zenodo.org", "/", LinkData},
	{"doi.org", "/10.5281/zenodo.", LinkData},
	{"doi.org", "/10.6084/m9.figshare.", LinkData},
	{"doi.org", "/10.17632/", LinkData}, // Mendeley Data
	{"doi.org", "/10.4121/", LinkData},  // 4TU.ResearchData
	{"figshare.com", "/", LinkData},
	{"data.mendeley.com", "/", LinkData},
	{"physionet.org", "/content/", LinkData},
	{"ieee-dataport.org", "/", LinkData},
	{"github.com", "/", LinkCode},
	{"gist.github.com", "/", LinkCode},
	{"gitlab.com", "/", LinkCode},
	{"bitbucket.org", "/", LinkCode},
	{"codeberg.org", "/", LinkCode},
	{"gitee.com", "/", LinkCode},
	{"git.sr.ht", "/", LinkCode},
	{"sourceforge.net", "/", LinkCode},
	{"anonymous.4open.science", "/", LinkCode},
	{"pypi.org", "/project/", LinkCode},
	{"colab.research.google.com", "/", LinkCode},
	{".github.io", "", LinkProject},
	{".gitlab.io", "", LinkProject},

	// Articles and talks, whatever the words before them.
	{"arxiv.org", "", ""},
	{"doi.org", "", ""},
	{"dx.doi.org", "", ""},
	{"openreview.net", "", ""},
	{"aclanthology.org", "", ""},
	{"ieeexplore.ieee.org", "", ""},
	{"dl.acm.org", "", ""},
	{"link.springer.com", "", ""},
	{"sciencedirect.com", "", ""},
	{"openaccess.thecvf.com", "", ""},
	{"proceedings.mlr.press", "", ""},
	{"youtube.com", "", ""},
	{"youtu.be", "", ""},
	{"vimeo.com", "", ""},
}

// linkKind says what an address leads to, by its host or else by the words
// before it; "" if neither says so.
func linkKind(u *url.URL, clause string) LinkKind {
	host := strings.TrimPrefix(u.Host, "www.")
	for _, k := range knownHosts {
		if host != k.host && !(k.host[0] == '.' && strings.HasSuffix(host, k.host)) {
			continue
		}
		// "/" needs a page: a host's front page is nobody's code.
		if rest, ok := strings.CutPrefix(u.Path, k.path); ok && (rest != "" || k.path == "") {
			return k.kind
		}
	}
	if strings.HasPrefix(host, "gitlab.") || strings.HasPrefix(host, "git.") || strings.HasPrefix(host, "github.") {
		if u.Path == "" || u.Path == "/" {
			return ""
		}
		return LinkCode
	}
	switch {
	case otherCue.MatchString(clause):
		return ""
	case codeCue.MatchString(clause):
		return LinkCode
	case projectCue.MatchString(clause):
		return LinkProject
	case dataCue.MatchString(clause):
		return LinkData
	case availableCue.MatchString(clause):
		return LinkProject
	}
	return ""
}

// What the words right before an address, in lower case, say of it.
var (
	otherCue     = regexp.MustCompile(`(?:conference|workshop|challenge|competition|proceedings|journal|publisher'?s?|official|video|poster|slides|talk)s?(?: (?:web)?(?:site|page|version|link))?(?: is| are)?(?: available)?(?: online)?(?: at| on| here| from)?[\s:=([-]*$`)
	codeCue      = regexp.MustCompile(`\b(?:codes?|codebase|implementation|repository|repo|software|toolkit|library|package|models?|weights|checkpoints)\b[^.]*(?:\bat|\bon|\bfrom|\bin|\bvia|\bhere|\bsee|\blink|:|\()\s*$|\b(?:codes?|repository|repo)\s*[:=]?\s*$`)
	projectCue   = regexp.MustCompile(`\b(?:project|home|web|demo)[ -]?(?:web)?(?:pages?|sites?)?(?: (?:is|are|can be|is available|available|found|hosted))*(?: at| on| here|,? see)?[\s:=]*$|\b(?:webpage|website|homepage)s?(?: (?:is|are|available))*(?: at| here)?[\s:=]*$`)
	dataCue      = regexp.MustCompile(`\b(?:data|datasets?|corpus|corpora|benchmark)\b[^.]*(?:\bat|\bon|\bfrom|\bin|\bvia|\bhere|:|\()\s*$`)
	availableCue = regexp.MustCompile(`\b(?:available|released|accessible|hosted|published|open-sourced)(?: \w+){0,2} (?:at|on|from|via|here)[\s:]*$|\bfound (?:at|on|here)[\s:]*$`)
)

// latexOpening is the LaTeX between the words before an address and the address.
var latexOpening = regexp.MustCompile(`(?:\s|~|\$|[{\[<"]|\\(?:href|url|hyperlink|text\w*|underline)\b)+$`)

// lastClause returns the words before an address that may speak of it.
func lastClause(s string) string {
	s = strings.ToLower(s[max(0, len(s)-maxClause):])
	s = latexOpening.ReplaceAllString(s, "")
	if i := strings.LastIndexAny(s, ";!?"); i >= 0 {
		s = s[i+1:]
	}
	if i := strings.LastIndex(s, ". "); i >= 0 {
		s = s[i+2:]
	}
	return whiteSpace.ReplaceAllString(s, " ")
}
