package bibfile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func TestRISRecords(t *testing.T) {
	tests := []struct {
		name, text string
		want       func(p *offprint.Paper)
	}{
		{"a journal's", "TY  - JOUR\r\nTI  - Deep learning\r\nAU  - LeCun, Yann\r\nAU  - Bengio, Yoshua\r\nPY  - 2015\r\nDA  - 2015/05/28/\r\n" +
			"T2  - Nature\r\nVL  - 521\r\nDO  - 10.1038/NATURE14539\r\nUR  - https://www.nature.com/articles/nature14539\r\n" +
			"AB  - Deep learning allows\r\n  computational models\r\nthat are many.\r\nKW  - cs.LG\r\nKW  - learning\r\nN1  - A review\r\nER  - \r\n",
			func(p *offprint.Paper) {
				p.Title, p.Authors, p.Journal, p.DOI = "Deep learning", []string{"Yann LeCun", "Yoshua Bengio"}, "Nature", "10.1038/nature14539"
				p.Abstract, p.Comment = "Deep learning allows computational models that are many.", "A review"
				p.Listed, p.Published = offprint.NewDate(2015, 5, 28), time.Date(2015, 5, 28, 0, 0, 0, 0, time.UTC)
				p.Categories = []string{"cs.LG"}
				p.Origins = []offprint.Origin{{URL: "https://www.nature.com/articles/nature14539"}}
			}},
		{"old tags, one space, no end", "Provider: x\n\nTY - JOUR\nT1 - A title\nA1 - King, Martin Luther, Jr.\nN2 - About\nAI - and more\nY1 - 1999/06//\nJF - J",
			func(p *offprint.Paper) {
				p.Title, p.Authors, p.Abstract, p.Journal = "A title", []string{"Martin Luther King Jr."}, "About AI - and more", "J"
				p.Published = time.Date(1999, 6, 1, 0, 0, 0, 0, time.UTC)
			}},
		{"a preprint", "TY  - JOUR\nTI  - A\nT2  - arXiv preprint arXiv:1706.03762\nPY  - 2017///\nER  -",
			func(p *offprint.Paper) {
				p.Title, p.ArXivID, p.Published = "A", "1706.03762", time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
			}},
		{"an arXiv id in the address", "TY  - UNPB\nTI  - A\nUR  - http://arxiv.org/abs/hep-th/9901001v2\nER  - ",
			func(p *offprint.Paper) {
				p.Title, p.ArXivID = "A", "hep-th/9901001"
				p.Origins = []offprint.Origin{{URL: "http://arxiv.org/abs/hep-th/9901001v2"}}
			}},
		{"a group's name", "TY  - UNPB\nTI  - A\nAU  - Gemini Team\nER  - ", func(p *offprint.Paper) { p.Title, p.Authors = "A", []string{"Gemini Team"} }},
		{"Latin-1", "TY  - UNPB\nTI  - Schr\xf6dinger \x97 \x80\nER  - ", func(p *offprint.Paper) { p.Title = "Schrödinger — €" }},
		{"byte order mark", "\ufeffTY  - UNPB\nTI  - A\nER  - ", func(p *offprint.Paper) { p.Title = "A" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want offprint.Paper
			test.want(&want)
			got := readOne(t, test.text, "")
			checkSame(t, &got, &want)
		})
	}
}

func TestRISGoesOnAfterBadRecords(t *testing.T) {
	long := strings.Repeat("x", maxRecord+1)
	text := "TY  - A\nTI  - One\nTY  - A\nTI  - Two\nER  - \n\nTY  - A\nAU  - Nobody\nER  - \nTY  - A\nTI  - " + long +
		"\nAU  - Long\nER  - \nTY  - A\nER  - \nTY  - A\nTI  - Three\nER  - \n"
	papers, bad := read(t, text, "x.ris", "")
	var titles []string
	for _, p := range papers {
		titles = append(titles, p.Title)
	}
	if want := []string{"One", "Two", "Three"}; !slices.Equal(titles, want) {
		t.Errorf("read %q, want %q", titles, want)
	}
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
	}
	if want := []int{7, 10, 14}; !slices.Equal(lines, want) {
		t.Errorf("bad records at %v, want %v: %v", lines, want, bad)
	}
}

func TestParseDate(t *testing.T) {
	tests := []struct {
		in   string
		want partialDate
	}{
		{"", partialDate{}},
		{"n.d.", partialDate{}},
		{"2017", partialDate{2017, 0, 0}},
		{"2017///", partialDate{2017, 0, 0}},
		{"2017/Spring", partialDate{2017, 0, 0}},
		{"2017-06", partialDate{2017, 6, 0}},
		{"06/2017", partialDate{2017, 6, 0}},
		{"2017-06-12", partialDate{2017, 6, 12}},
		{"2017-06-12T23:59:59Z", partialDate{2017, 6, 12}},
		{"2017-06-12 23:59", partialDate{2017, 6, 12}},
		{"2017/06/12/", partialDate{2017, 6, 12}},
		{"2017/13/12", partialDate{2017, 0, 0}},
		{"2017-02-30", partialDate{2017, 2, 0}},
		{"2017 12 jun", partialDate{2017, 6, 12}},
		{"12 June 2017", partialDate{2017, 6, 12}},
		{"June 12, 2017", partialDate{2017, 6, 12}},
		{"Oct. 2017", partialDate{2017, 10, 0}},
		{"12/06/2017", partialDate{2017, 0, 0}},
		{"99999", partialDate{}},
	}
	for _, test := range tests {
		if got := parseDate(test.in); got != test.want {
			t.Errorf("%q gives %v, want %v", test.in, got, test.want)
		}
	}
}
