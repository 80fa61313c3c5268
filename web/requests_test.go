package web

import (
	"net/http"
	"testing"

	"github.com/offprint/offprint"
)

// TestRequestsOfStrangers asks for what no page links to: methods that an
// address does not take, ids in another spelling, searches for nothing.
func TestRequestsOfStrangers(t *testing.T) {
	si := newSite(t, nil)
	_, err := si.store.PutPapers(t.Context(), []offprint.Paper{
		{ArXivID: "hep-th/9901001", Title: "Strings of old", Authors: []string{"Jane Doe"}, Abstract: "Old.", Listed: 20_000},
		{ArXivID: "2503.01234", Title: "Strings of new", Authors: []string{"Jane Doe"}, Abstract: "New.", Listed: 20_000},
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
		{"GET", "/paper/2503.01234/nothing", 404, "", "", "no page"},
		{"GET", "/paper/2503.01234/ris", 200, "", "", "TY  -"},
		{"POST", "/", 405, "", "GET", "takes only GET"},
		{"DELETE", "/paper/2503.01234", 405, "", "GET", "takes only GET"},
		{"OPTIONS", "/search", 405, "", "GET", "takes only GET"},
		{"GET", "/sign-out", 405, "", "POST", "takes only POST"},
		{"PUT", "/submit", 405, "", "GET, POST", "takes only GET, POST"},
		{"PUT", "/api/v1/papers", 405, "", "GET, POST", "takes only GET, POST"},
		{"POST", "/nothing", 404, "", "", "no page"},
		{"GET", "/search?q=-", 200, "", "", "nothing to search for"},
		{"GET", "/search?q=%22%22", 200, "", "", "nothing to search for"},
		{"GET", "/search?q=%00%ff", 200, "", "", "nothing to search for"},
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
