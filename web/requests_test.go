package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offprint/offprint"
)

// TestRequestsOfStrangers asks for what no page links to: methods that an
// address does not take, ids in another spelling, searches for nothing.
func TestRequestsOfStrangers(t *testing.T) {
	si := newSite(t, nil)
	_, err := si.store.PutPapers(t.Context(), []offprint.Paper{
		{ArXivID: "hep-th/9901001", Title: "Strings of old", Authors: []string{"Jane Doe"}, Abstract: "Old.", Listed: 20_000},
		{ArXivID: "2503.01234", Title: "Strings of new", Authors: []string{"Jane Doe"}, Abstract: "New.", Categories: []string{"AI/ML"}, Listed: 20_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, path string
		status       int
		end, allow   string // where it ends if elsewhere, and the methods it offers
		text         string
	}{
		{"GET", "/paper/hep-th/9901001", 200, "/paper/hep-th-9901001", "", "Strings of old"},
		{"GET", "/paper/hep-th/9901001v2", 200, "/paper/hep-th-9901001", "", "Strings of old"},
		{"GET", "/paper/hep-th/9901002", 404, "", "", "no such paper"},
		{"GET", "/paper/2503.01234", 200, "", "", `href="/category/AI%2FML"`},
		{"GET", "/category/AI%2FML", 200, "", "", "Strings of new"},
		{"GET", "/paper/2503.01234/nothing", 404, "", "", "no page"},
		{"GET", "/paper/2503.01234/ris", 200, "", "", "TY  -"},
		{"POST", "/", 405, "", "GET", "takes only GET"},
		{"DELETE", "/paper/2503.01234", 405, "", "GET", "takes only GET"},
		{"OPTIONS", "/search", 405, "", "GET", "takes only GET"},
		{"GET", "/sign-out", 405, "", "POST", "takes only POST"},
		{"PUT", "/submit", 405, "", "GET, POST", "takes only GET, POST"},
		{"PUT", "/api/v1/papers", 405, "", "GET, POST", "takes only GET, POST"},
		{"POST", "/nothing", 404, "", "", "no page"},
		{"GET", "/search?q=-", 400, "", "", "nothing to search for"},
		{"GET", "/search?q=%22%22", 400, "", "", "nothing to search for"},
		{"GET", "/search?q=%00%ff", 400, "", "", "nothing to search for"},
	} {
		v := si.visitor()
		a := v.want(v.do(test.method, test.path, nil), test.status, test.text)
		if test.end != "" && a.path != test.end {
			t.Errorf("%s %s ends at %s, want %s", test.method, test.path, a.path, test.end)
		}
		if got := a.header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow is %q, want %q", test.method, test.path, got, test.allow)
		}
		if a.header.Get("Content-Type") == "" || test.status == http.StatusOK && a.body == "" {
			t.Errorf("%s %s: an empty answer", test.method, test.path)
		}
	}
}

// TestFormsAreWhole posts forms that are too large or broken: they are refused,
// and what was stored before stays.
func TestFormsAreWhole(t *testing.T) {
	si := newSite(t, nil)
	p := offprint.Paper{ArXivID: "2503.01234", Title: "Strings of new", Authors: []string{"Jane Doe"}, Listed: 20_000}
	if _, err := si.store.PutPapers(t.Context(), []offprint.Paper{p}); err != nil {
		t.Fatal(err)
	}
	stored, err := si.store.Paper(t.Context(), p.ArXivID)
	if err != nil {
		t.Fatal(err)
	}
	ann := si.reader("Ann", "ann@example.org", offprint.RoleReader)
	v := si.signedIn(ann)
	v.want(v.post("/paper/2503.01234/note", "note", "Read again."), http.StatusOK, "Read again.")
	v.want(v.post("/paper/2503.01234/tags", "tags", "strings"), http.StatusOK)

	multipart := "multipart/form-data; boundary=b"
	part := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n"
	for name, test := range map[string]struct {
		path, contentType, body string
		status                  int
	}{
		"note too large for a note":    {"note", "", url.Values{"note": {strings.Repeat("n", offprint.MaxNote+1)}}.Encode(), 413},
		"note too large for a request": {"note", "", "note=" + strings.Repeat("n", maxBody), 413},
		"tags too large for a request": {"tags", "", "tags=" + strings.Repeat("n", maxBody), 413},
		"malformed":                    {"note", "", "note=%zz", 400},
		"in parts, cut off":            {"note", multipart, part + "Read", 400},
		"in parts, too large":          {"note", multipart, part + strings.Repeat("n", maxBody) + "\r\n--b--\r\n", 413},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, si.url+"/paper/2503.01234/"+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if test.contentType != "" {
			req.Header.Set("Content-Type", test.contentType)
		}
		resp, err := v.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, test.status)
		}
		state, err := si.store.State(t.Context(), ann.ID, stored.ID)
		if err != nil || state.Note != "Read again." || len(state.Tags) != 1 {
			t.Errorf("%s: the note is now %q, the tags %q (%v)", name, state.Note, state.Tags, err)
		}
	}
}
