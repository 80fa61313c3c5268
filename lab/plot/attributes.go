package plot

import (
	"bytes"
	"regexp"
)

var styleAttribute = regexp.MustCompile(`\bstyle="([^"]*)"`)

// attributes turns style attributes into attributes of their own (fill="…"
// for style="fill:…"): a page with a strict content security policy has no
// inline style. In text, a quotation mark is escaped, so that nothing else is
// taken for one.
func attributes(svg []byte) []byte {
	return styleAttribute.ReplaceAllFunc(svg, func(attribute []byte) []byte {
		var out []byte
		for _, declaration := range bytes.Split(styleAttribute.FindSubmatch(attribute)[1], []byte(";")) {
			name, value, ok := bytes.Cut(declaration, []byte(":"))
			if !ok {
				continue
			}
			if bytes.Equal(value, []byte("Liberation Sans")) {
				value = []byte("Liberation Sans, Arial, Helvetica, sans-serif")
			}
			if len(out) > 0 {
				out = append(out, ' ')
			}
			out = append(append(append(append(out, name...), `="`...), value...), '"')
		}
		return out
	})
}
