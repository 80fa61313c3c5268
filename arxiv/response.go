package arxiv

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits on an answer beyond its size in bytes.
const (
	maxRecords = 20_000 // in a page; arXiv sends about 1,300
	maxToken   = 8 << 10
)

// page is one answer of an OAI-PMH server.
type page struct {
	date     string // when it was made, by the server's clock
	records  []record
	token    string // where the list goes on; empty at its end
	total    int    // completeListSize; 0 if not given
	cursor   int    // number of the list's records before this page; -1 if not given
	code     string // an OAI-PMH error, such as noRecordsMatch
	message  string
	earliest string // earliestDatestamp of Identify
}

// record is a record in arXiv's metadata format.
type record struct {
	Header   header    `xml:"header"`
	Metadata *metadata `xml:"metadata>arXiv"`
}

type header struct {
	Status     string `xml:"status,attr"`
	Identifier string `xml:"identifier"`
	Datestamp  string `xml:"datestamp"`
}

type metadata struct {
	ID         string  `xml:"id"`
	Created    string  `xml:"created"`
	Updated    string  `xml:"updated"`
	Authors    authors `xml:"authors>author"`
	Title      string  `xml:"title"`
	Categories string  `xml:"categories"`
	Comments   string  `xml:"comments"`
	JournalRef string  `xml:"journal-ref"`
	DOI        string  `xml:"doi"`
	Abstract   string  `xml:"abstract"`
}

// readPage reads an OAI-PMH answer. It fails unless the answer is complete.
func readPage(r io.Reader) (*page, error) {
	p := &page{cursor: -1}
	err := walk(r, "OAI-PMH", func(d *xml.Decoder, start xml.StartElement) error {
		switch start.Name.Local {
		case "ListRecords", "Identify":
			return errDescend
		case "responseDate":
			return d.DecodeElement(&p.date, &start)
		case "earliestDatestamp":
			return d.DecodeElement(&p.earliest, &start)
		case "error":
			p.code = attr(start, "code")
			return d.DecodeElement(&p.message, &start)
		case "record":
			if len(p.records) >= maxRecords {
				return fmt.Errorf("the answer has more than %d records", maxRecords)
			}
			var one record
			if err := d.DecodeElement(&one, &start); err != nil {
				return err
			}
			p.records = append(p.records, one)
			return nil
		case "resumptionToken":
			if n, err := strconv.Atoi(attr(start, "completeListSize")); err == nil && n > 0 {
				p.total = n
			}
			if n, err := strconv.Atoi(attr(start, "cursor")); err == nil && n >= 0 {
				p.cursor = n
			}
			if err := d.DecodeElement(&p.token, &start); err != nil {
				return err
			}
			if p.token = strings.TrimSpace(p.token); len(p.token) > maxToken {
				return fmt.Errorf("the answer has a resumption token of %d bytes", len(p.token))
			}
			return nil
		}
		return d.Skip()
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
