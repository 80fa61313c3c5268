package offprint

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestFindLinks(t *testing.T) {
	for in, want := range map[string][]Link{
		"": nil,
		"Code is available at https://github.com/ada/engine.":                {{LinkCode, "https://github.com/ada/engine"}},
		"(see https://github.com/ada/engine), and more":                      {{LinkCode, "https://github.com/ada/engine"}},
		"HTTP://WWW.GitHub.com/Ada/Engine;":                                  {{LinkCode, "http://www.github.com/Ada/Engine"}},
		"Code: github.com/ada/engine!":                                       {{LinkCode, "https://github.com/ada/engine"}},
		"at \\url{https://github.com/ada/engine}.":                           {{LinkCode, "https://github.com/ada/engine"}},
		"\\href{https://github.com/ada/engine}{here}.":                       {{LinkCode, "https://github.com/ada/engine"}},
		"$\\href{https://ada.github.io/x/}{\\text{page}}$.":                  {{LinkProject, "https://ada.github.io/x/"}},
		"\\href{https://github.com/a/b\\_c}{https://github.com/a/b\\_c}":     {{LinkCode, "https://github.com/a/b_c"}},
		"[https://github.com/a/b](https://github.com/a/b)":                   {{LinkCode, "https://github.com/a/b"}},
		"<a href=\"https://github.com/a/b\" rel=x>":                          {{LinkCode, "https://github.com/a/b"}},
		"`https://github.com/a/b.git'. Or https://www.github.com/A/b/":       {{LinkCode, "https://github.com/a/b.git"}},
		"at https: //github.com/a/b. Also https:\n  // hf.co/x/y":            {{LinkCode, "https://github.com/a/b"}, {LinkCode, "https://hf.co/x/y"}},
		"https://github. com/a/b":                                            {{LinkCode, "https://github.com/a/b"}},
		"at https://github.com/a/long-\n  name. The":                         {{LinkCode, "https://github.com/a/long-name"}},
		"https://huggingface.co/datasets/a/b and https://huggingface.co/a/b": {{LinkData, "https://huggingface.co/datasets/a/b"}, {LinkCode, "https://huggingface.co/a/b"}},
		"https://doi.org/10.5281/zenodo.123, https://zenodo.org/records/1":   {{LinkData, "https://doi.org/10.5281/zenodo.123"}, {LinkData, "https://zenodo.org/records/1"}},
		"https://www.kaggle.com/datasets/a/b":                                {{LinkData, "https://www.kaggle.com/datasets/a/b"}},
		"https://anonymous.4open.science/r/X-1/ and https://gitlab.inria.fr/a/b": {
			{LinkCode, "https://anonymous.4open.science/r/X-1/"}, {LinkCode, "https://gitlab.inria.fr/a/b"}},
		"https://en.github.com/wiki/A_(b) (https://github.com/a/b_(c))": {{LinkCode, "https://github.com/a/b_(c)"}},
		"代码：https://github.com/a/b。":                                    {{LinkCode, "https://github.com/a/b"}},
		"https://ada.github.io/x/?v=1#top":                              {{LinkProject, "https://ada.github.io/x/?v=1#top"}},

		// The words before other addresses tell.
		"Project page: https://example.com/x.":                                            {{LinkProject, "https://example.com/x"}},
		"Our code is available at https://lab.example.edu/code":                           {{LinkCode, "https://lab.example.edu/code"}},
		"The dataset can be downloaded at \\url{https://lab.example.edu/d}":               {{LinkData, "https://lab.example.edu/d"}},
		"More results are available at https://lab.example.edu/r":                         {{LinkProject, "https://lab.example.edu/r"}},
		"A demo is publicly available at https://lab.example.edu/r":                       {{LinkProject, "https://lab.example.edu/r"}},
		"Code: https://example.com/c, website: https://example.com/w":                     {{LinkCode, "https://example.com/c"}, {LinkProject, "https://example.com/w"}},
		"Accepted at a workshop (https://example.com/workshop-2025)":                      nil,
		"Workshop website: https://example.com/2025":                                      nil,
		"The final version is available at https://doi.org/10.1007/x":                     nil,
		"The video and the code are available at https://youtu.be/x":                      nil,
		"We crawl https://example.com/ for text.":                                         nil,
		"We built the code. It runs. Then https://example.com/x":                          nil,
		"https://huggingface.co/papers/2503.01234 https://github.com https://github.com/": nil,

		// Nobody else can follow these, or nobody should.
		"Code: ftp://github.com/a/b":                           {{LinkCode, "https://github.com/a/b"}},
		"Code: javascript://github.com/%0aalert(1)":            {{LinkCode, "https://github.com/%0aalert(1)"}},
		"Code: https://user:secret@github.com/a/b":             nil,
		"Code: http://127.0.0.1/a http://[::1]/a":              nil,
		"Code: http://2130706433/a http://0x7f.1/a":            nil,
		"Code: http://localhost/a http://nas.local/a":          nil,
		"Code: http://metadata.google.internal/":               nil,
		"Code: https://github.com/" + strings.Repeat("x", 300): nil,
	} {
		if got := FindLinks(in); !reflect.DeepEqual(got, want) {
			t.Errorf("FindLinks(%q) =\n%v, want\n%v", in, got, want)
		}
	}
}

func TestFindLinksInSeveralTexts(t *testing.T) {
	got := FindLinks("https://github.com/a/b", "https://github.com/a/b and https://a.github.io/b")
	want := []Link{{LinkCode, "https://github.com/a/b"}, {LinkProject, "https://a.github.io/b"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	var many strings.Builder
	for i := range 50 {
		fmt.Fprintf(&many, "https://github.com/a/b%d ", i)
	}
	if got := FindLinks(many.String()); len(got) != maxLinks || got[maxLinks-1].URL != "https://github.com/a/b9" {
		t.Errorf("%d links: %v", len(got), got)
	}
}

func FuzzFindLinks(f *testing.F) {
	for _, s := range []string{
		"Code: https://github.com/a/b.", "\\href{https: //x.org/\\_a}{y}", "project page http://a-\nb.io/(c))", "github.com/@/%", "https://[::1]:80/", "İhttps://github.com/a/b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		links := FindLinks(s)
		if len(links) > maxLinks {
			t.Errorf("%d links", len(links))
		}
		for _, l := range links {
			u, err := url.Parse(l.URL)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Hostname() == "" || len(l.URL) > maxURL || l.Kind == "" {
				t.Errorf("in %q: %+v, %v", s, l, err)
			}
			if strings.ContainsAny(l.URL, " \"<>\\\x00\n") {
				t.Errorf("in %q: %q", s, l.URL)
			}
		}
	})
}
