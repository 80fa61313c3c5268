package arxiv

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/offprint/offprint"
)

// walk reads an XML document as a stream. It calls visit for the start of each
// element within the root, which must have the given local name; visit consumes
// the element, or returns descend to be called for its children. A document
// that ends before its root does is an io.ErrUnexpectedEOF.
func walk(r io.Reader, root string, visit func(d *xml.Decoder, start xml.StartElement) error) error {
	d := xml.NewDecoder(&controlFilter{transform.NewReader(r, unicode.UTF8BOM.NewDecoder())})
	depth := 0
	for {
		t, err := d.Token()
		if isEOF(err) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 {
				if t.Name.Local != root {
					return fmt.Errorf("the answer is a document of type %q, not %q", clip(t.Name.Local), root)
				}
				depth++
				continue
			}
			switch err := visit(d, t); {
			case errors.Is(err, errDescend):
				depth++
			case isEOF(err):
				return io.ErrUnexpectedEOF
			case err != nil:
				return err
			}
		case xml.EndElement:
			if depth--; depth == 0 {
				return nil
			}
		}
	}
}

var errDescend = errors.New("descend")

// isEOF tells a document that was cut off from one that is malformed.
func isEOF(err error) bool {
	e, ok := errors.AsType[*xml.SyntaxError](err)
	return ok && e.Msg == "unexpected EOF" || errors.Is(err, io.EOF)
}

// controlFilter turns control characters, which XML does not allow but titles
// and abstracts have had, into spaces. One bad abstract must not stop a harvest.
type controlFilter struct{ r io.Reader }

func (f *controlFilter) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	for i, b := range p[:n] {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			p[i] = ' '
		}
	}
	return n, err
}

// authors keeps no more names than a paper may have.
type authors []author

type author struct {
	Keyname   string `xml:"keyname"`
	Forenames string `xml:"forenames"`
	Suffix    string `xml:"suffix"`
	Name      string `xml:"name"` // in the Atom API
}

func (a *authors) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if len(*a) >= offprint.MaxAuthors {
		return d.Skip()
	}
	var one author
	if err := d.DecodeElement(&one, &start); err != nil {
		return err
	}
	*a = append(*a, one)
	return nil
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
