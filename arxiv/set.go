package arxiv

import "strings"

// SetSpec returns the OAI-PMH set of an arXiv category or archive: "cs" is
// "cs", "cs.CL" is "cs:cs:CL", "hep-th" is "physics:hep-th", "astro-ph.GA" is
// "physics:astro-ph:GA". Anything with a colon is taken for a set already.
func SetSpec(category string) string {
	category = strings.TrimSpace(category)
	if strings.Contains(category, ":") {
		return category
	}
	archive, subject, ok := strings.Cut(category, ".")
	group := archive
	switch archive {
	case "astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nlin", "nucl-ex", "nucl-th", "quant-ph":
		group = "physics"
	}
	switch {
	case ok:
		return group + ":" + archive + ":" + subject
	case group != archive:
		return group + ":" + archive
	default:
		return group
	}
}
