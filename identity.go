package offprint

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// KeyFor returns the key of a new paper: its arXiv id with "-" for "/", or
// else "p-" and a hash of its DOI or, failing that, of its title and authors.
func KeyFor(p *Paper) string {
	if p.ArXivID != "" {
		return strings.ReplaceAll(p.ArXivID, "/", "-")
	}
	sum := sha256.Sum256([]byte(cmp.Or(p.DOI, TitleKey(p.Title, p.Authors), everythingToTellApart(p))))
	return "p-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

// Identifiers returns the names by which two reports are known to be about the
// same work: "arxiv:2503.01234", "doi:10.1000/x" and "title:" with a hash of
// [TitleKey]. A work that has none of them, such as an editorial without a
// named author, gets an "exact:" one over all that its source gives to tell it
// apart. The paper must be clean: see [Paper.Clean].
func (p *Paper) Identifiers() []string {
	var ids []string
	if p.ArXivID != "" {
		ids = append(ids, "arxiv:"+p.ArXivID)
	}
	if p.DOI != "" {
		ids = append(ids, "doi:"+p.DOI)
	}
	if k := TitleKey(p.Title, p.Authors); k != "" {
		ids = append(ids, "title:"+shortHash(k))
	}
	if len(ids) == 0 {
		ids = append(ids, "exact:"+shortHash(everythingToTellApart(p)))
	}
	return ids
}

// everythingToTellApart identifies a work whose title says too little.
func everythingToTellApart(p *Paper) string {
	parts := append([]string{p.Title}, p.Authors...)
	if len(p.Origins) > 0 {
		parts = append(parts, p.Origins[0].URL)
	}
	if !p.Published.IsZero() {
		parts = append(parts, strconv.Itoa(p.Published.Year()))
	}
	return strings.Join(parts, "\x00")
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// arxivArchives are the first parts of arXiv's categories and of its ids up to
// 2007.
var arxivArchives = func() map[string]bool {
	m := make(map[string]bool)
	for _, archive := range strings.Fields(`
		acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas
		cond-mat cs dg-ga econ eess funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin
		nucl-ex nucl-th patt-sol physics plasm-ph q-alg q-bio q-fin quant-ph solv-int stat supr-con`) {
		m[archive] = true
	}
	return m
}()

// All match lower-case text.
var (
	arxivURL = regexp.MustCompile(`^(?:https?://)?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html)/([^?#]+?)(?:\.pdf|/)?(?:[?#].*)?$`)
	arxivNew = regexp.MustCompile(`^(\d\d(?:0[1-9]|1[0-2])\.\d{4,5})(?:v([1-9]\d{0,3}))?$`)
	arxivOld = regexp.MustCompile(`^([a-z-]+)(?:\.[a-z-]{2,12})?/(\d\d(?:0[1-9]|1[0-2])\d{3})(?:v([1-9]\d{0,3}))?$`)
	doiURL   = regexp.MustCompile(`^(?:https?://)?(?:dx\.|www\.)?doi\.org/([^?#]+)(?:[?#].*)?$`)
	doiForm  = regexp.MustCompile(`^10\.\d{4,9}(?:\.\d+)*/[!-~]+$`)
)

// maxIdentifier is more bytes than any identifier, or its address, needs.
const maxIdentifier = 300

// ParseArXivID reads an arXiv id, with or without version, as references,
// addresses on arxiv.org (abs, pdf and html) and arXiv's own DOIs write it:
// 2503.01234v2, arXiv:hep-th/9901001, https://arxiv.org/pdf/2503.01234. An old
// id loses its subject class (math.GT/0309136 is math/0309136). The version is
// 0 if it is not given.
func ParseArXivID(s string) (id string, version int, ok bool) {
	if len(s) > maxIdentifier {
		return "", 0, false
	}
	if doi, ok := ParseDOI(s); ok {
		s = strings.TrimPrefix(doi, "10.48550/arxiv.") // any other DOI matches nothing below
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if m := arxivURL.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if after, ok := strings.CutPrefix(s, "arxiv:"); ok {
		// The stamp on a page goes on: "arXiv:2503.01234v1 [cs.CL] 3 Mar 2025".
		s, _, _ = strings.Cut(strings.TrimSpace(after), " ")
	}
	var digits string
	if m := arxivNew.FindStringSubmatch(s); m != nil {
		id, digits = m[1], m[2]
	} else if m := arxivOld.FindStringSubmatch(s); m != nil && arxivArchives[m[1]] {
		id, digits = m[1]+"/"+m[2], m[3]
	} else {
		return "", 0, false
	}
	version, _ = strconv.Atoi(digits) // at most 4 of them, or ""
	return id, version, true
}

// ParseDOI reads a DOI, bare, with "doi:" or as an address of doi.org, and
// returns it in lower case. DOIs with other than printable ASCII are refused.
func ParseDOI(s string) (doi string, ok bool) {
	if len(s) > maxIdentifier {
		return "", false
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if m := doiURL.FindStringSubmatch(s); m != nil {
		plain, err := url.PathUnescape(m[1])
		if err != nil {
			return "", false
		}
		s = strings.ToLower(plain)
	}
	s = strings.TrimSpace(strings.TrimPrefix(s, "doi:"))
	s = strings.TrimRight(s, ".,;")
	if !doiForm.MatchString(s) {
		return "", false
	}
	return s, true
}
