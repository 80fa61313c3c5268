package arxiv

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// one is an answer with the prefixes that arXiv's server uses, and with one
// record that has nearly everything.
const one = `<?xml version='1.0' encoding='UTF-8'?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
  <responseDate>2025-03-20T06:00:00Z</responseDate>
  <request verb="ListRecords">https://oaipmh.arxiv.org/oai</request>
  <ListRecords>
    <record>
      <header><identifier>oai:arXiv.org:2503.01234</identifier><datestamp>2025-03-18</datestamp><setSpec>cs:cs:CL</setSpec></header>
      <metadata>
        <arXiv:arXiv xmlns:arXiv="http://arxiv.org/OAI/arXiv/">
          <arXiv:id>2503.01234</arXiv:id><arXiv:created>2025-03-03</arXiv:created><arXiv:updated>2025-03-17</arXiv:updated>
          <arXiv:authors><arXiv:author><arXiv:keyname>Müller</arXiv:keyname><arXiv:forenames>Ada</arXiv:forenames><arXiv:affiliation>Somewhere</arXiv:affiliation></arXiv:author></arXiv:authors>
          <arXiv:title>Nearly
            everything</arXiv:title>
          <arXiv:categories>cs.CL stat.ML</arXiv:categories><arXiv:comments>12 pages</arXiv:comments>
          <arXiv:journal-ref>J. Everything 1 (2025)</arXiv:journal-ref><arXiv:doi>10.1000/ABC 10.1000/def</arXiv:doi>
          <arXiv:license>http://creativecommons.org/licenses/by/4.0/</arXiv:license>
          <arXiv:abstract>  All of it, $x&lt;y$.</arXiv:abstract>
        </arXiv:arXiv>
      </metadata>
      <about><provenance>ignored</provenance></about>
    </record>
    <resumptionToken expirationDate="2025-03-21T00:00:00Z" cursor="5" completeListSize="99">verb%3DListRecords%26skip%3D1</resumptionToken>
  </ListRecords>
</OAI-PMH>`

func TestReadPage(t *testing.T) {
	p, err := readPage(strings.NewReader(one))
	if err != nil {
		t.Fatal(err)
	}
	if p.token != "verb%3DListRecords%26skip%3D1" || p.total != 99 || p.cursor != 5 || day(p.date) != offprint.NewDate(2025, 3, 20) {
		t.Errorf("got %+v", p)
	}
	got, _, ok := p.records[0].paper(time.Time{})
	if !ok || got.Title != "Nearly everything" || got.Authors[0] != "Ada Müller" || got.DOI != "10.1000/abc" ||
		got.Comment != "12 pages" || got.Journal != "J. Everything 1 (2025)" || got.Abstract != "All of it, $x<y$." ||
		got.Published.Format(time.DateOnly) != "2025-03-03" || got.Updated.Format(time.DateOnly) != "2025-03-17" {
		t.Errorf("got %+v", got)
	}
}

// Until its last element is closed, no part of an answer passes for the whole.
func TestReadPageCutAnywhere(t *testing.T) {
	for n := range len(one) {
		if _, err := readPage(strings.NewReader(one[:n])); err == nil {
			t.Fatalf("%d of %d bytes pass", n, len(one))
		}
	}
}

func TestReadPageBadBytes(t *testing.T) {
	s := strings.NewReplacer("All of it", "All\x0b of\xff it", "Nearly", "\x01Nearly").Replace(one)
	p, err := readPage(strings.NewReader("\ufeff" + s))
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := p.records[0].paper(time.Time{})
	if got.Title != "Nearly everything" || !strings.Contains(got.Abstract, "it, $x<y$.") {
		t.Errorf("got %q, %q", got.Title, got.Abstract)
	}
	if _, err := readPage(strings.NewReader(strings.Replace(one, "UTF-8", "EBCDIC", 1))); err == nil {
		t.Error("an unknown encoding passes")
	}
}

func TestReadPageLimits(t *testing.T) {
	authors := strings.Repeat("<arXiv:author><arXiv:keyname>A</arXiv:keyname></arXiv:author>", offprint.MaxAuthors+10)
	p, err := readPage(strings.NewReader(strings.Replace(one, "<arXiv:authors>", "<arXiv:authors>"+authors, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.records[0].Metadata.Authors); n != offprint.MaxAuthors {
		t.Errorf("%d authors", n)
	}
	many := strings.Replace(one, "<record>", strings.Repeat("<record/>", maxRecords)+"<record>", 1)
	if _, err := readPage(strings.NewReader(many)); err == nil {
		t.Error("too many records pass")
	}
	long := strings.Replace(one, "verb%3D", strings.Repeat("v", maxToken), 1)
	if _, err := readPage(strings.NewReader(long)); err == nil {
		t.Error("a token of any length passes")
	}
	deep := strings.Repeat("<a>", 100_000)
	if _, err := readPage(strings.NewReader("<OAI-PMH>" + deep)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("deep: %v", err)
	}
	if _, err := readPage(strings.NewReader(strings.Replace(one, "<arXiv:authors>", "<arXiv:title>"+deep, 1))); err == nil {
		t.Error("deep in a record passes")
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add(one)
	f.Add(`<OAI-PMH><error code="noRecordsMatch"/></OAI-PMH>`)
	f.Add(`<OAI-PMH><Identify><earliestDatestamp>2005-09-16</earliestDatestamp></Identify></OAI-PMH>`)
	f.Add(`<OAI-PMH><ListRecords><record><header status="deleted"><identifier>oai:arXiv.org:cs/0101001</identifier></header></record></ListRecords></OAI-PMH>`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := readPage(strings.NewReader(s))
		if err != nil {
			return
		}
		_ = p.digest()
		for i := range p.records {
			paper, deleted, ok := p.records[i].paper(time.Unix(1, 0))
			if !ok {
				continue
			}
			if deleted == "" && (paper.Title == "" || paper.ArXivID == "" || paper.Key == "") {
				t.Errorf("%q gives %+v", s, paper)
			}
			if err := paper.Clean(); deleted == "" && err != nil {
				t.Errorf("%q gives a paper that is not clean: %v", s, err)
			}
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(`{"from":"2025-03-10","sets":["cs"],"token":"x","start":"2025-03-20"}`)
	f.Add(`{"from":"2025-03-10","until":"2025-03-09","sets":["stat","cs"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		sets := []string{"stat", "cs"}
		c, ok := parseCursor(s, sets)
		if !ok {
			return
		}
		again, ok := parseCursor(c.String(), sets)
		if !ok || again.String() != c.String() {
			t.Errorf("%q becomes %s, then %s", s, c, again)
		}
	})
}
