package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/offprint/offprint"
)

// apiSite is a site whose API is called by programs that check every answer
// against the description.
type apiSite struct {
	*site
	box    *postbox
	doc    *openapi3.T
	router routers.Router
	works  map[string]bool // ids of operations that have succeeded
	papers []offprint.Paper
	tried  chan int64 // webhooks
	read   chan int64 // sources
}

func newAPISite(t *testing.T, adjust func(*Config)) *apiSite {
	t.Helper()
	a := &apiSite{
		box: &postbox{links: make(chan string, 100)}, doc: loadOpenAPI(t), works: map[string]bool{},
		tried: make(chan int64, 10), read: make(chan int64, 10),
	}
	// What is not described is wrong here, though clients must bear it.
	for _, sch := range a.doc.Components.Schemas {
		sch.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
	}
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	var err error
	if a.router, err = gorillamux.NewRouter(a.doc); err != nil {
		t.Fatal(err)
	}
	a.site = newSite(t, func(c *Config) {
		a.box.store, c.Digests = c.Store, a.box
		c.AddPaper = func(ctx context.Context, ref string) (*offprint.Paper, error) {
			id, _, ok := offprint.ParseArXivID(ref)
			switch {
			case !ok:
				return nil, offprint.Errorf(offprint.KindInvalid, "%q is not a paper.", ref)
			case id == "2001.00001":
				return nil, errors.New("dial tcp 203.0.113.1:443: connection refused")
			}
			p := offprint.Paper{ArXivID: id, Title: "Fetched " + id, Authors: []string{"Grace Hopper"}}
			if _, err := c.Store.PutPapers(ctx, []offprint.Paper{p}); err != nil {
				return nil, err
			}
			return c.Store.Paper(ctx, id)
		}
		c.SyncSource = func(_ context.Context, id int64) error { a.read <- id; return nil }
		c.TestWebhook = func(_ context.Context, id int64) error { a.tried <- id; return nil }
		if adjust != nil {
			adjust(c)
		}
	})
	day := offprint.NewDate(2026, 3, 5)
	for i := range 30 {
		a.papers = append(a.papers, offprint.Paper{
			ArXivID: fmt.Sprintf("2603.%05d", i+1), Title: fmt.Sprintf("On retrieval, part %d: $O(n^2)$ <b>& more</b>", i+1),
			Authors: []string{"Ada Lovelace", fmt.Sprintf("Émile Borel %c", 'A'+i)}, Abstract: strings.Repeat("We study words and what they mean. ", 40),
			Categories: []string{[]string{"cs.CL", "cs.IR", "stat.ML"}[i%3]}, Comment: "Code: https://github.com/ada/part", Listed: day - offprint.Date(i%3),
			Published: day.Time().Add(-12 * time.Hour), Versions: []offprint.Version{{Number: 1, Time: day.Time()}},
			Origins: []offprint.Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/2603.00001", Signal: 3, Seen: day.Time()}},
		})
	}
	a.papers = append(a.papers, offprint.FoundingList()[0].Paper(), offprint.Paper{ArXivID: "hep-th/9901001", Title: "An old paper on strings"})
	if _, err := a.store.PutPapers(t.Context(), a.papers); err != nil {
		t.Fatal(err)
	}
	return a
}

// caller is a program with an API token, a browser that is signed in, or nobody.
type caller struct {
	*visitor
	api   *apiSite
	token string
}

func (a *apiSite) nobody() *caller { return &caller{api: a, visitor: a.visitor()} }

func (a *apiSite) browser(r *offprint.Reader) *caller {
	a.Helper()
	return &caller{api: a, visitor: a.signedIn(r)}
}

func (a *apiSite) program(r *offprint.Reader, write bool) *caller {
	a.Helper()
	secret := offprint.NewSecret()
	t := offprint.APIToken{ReaderID: r.ID, Name: "program", Hash: offprint.HashSecret(secret), Write: write}
	if err := a.store.CreateAPIToken(a.Context(), &t); err != nil {
		a.Fatal(err)
	}
	return &caller{api: a, visitor: a.visitor(), token: secret}
}

// object is what came back.
type object map[string]any

func (o object) list(name string) []any { l, _ := o[name].([]any); return l }

func (o object) text(name string) string { s, _ := o[name].(string); return s }

func (o object) id() string { return fmt.Sprintf("%.0f", o["id"]) }

// call sends a request with a JSON body (or, as a string, whatever it is), and
// fails the test unless the answer has the status and fits the description.
func (c *caller) call(method, path string, body any, want int) object {
	c.Helper()
	_, answer := c.send(method, path, body, nil, want)
	var o object
	if len(answer) > 0 {
		_ = json.Unmarshal(answer, &o) // a list, or no JSON at all, is nobody's object
	}
	return o
}

func (c *caller) get(path string, want int) object {
	c.Helper()
	return c.call(http.MethodGet, path, nil, want)
}

func (c *caller) send(method, path string, body any, header http.Header, want int) (http.Header, []byte) {
	t := c.T
	t.Helper()
	var sent []byte
	switch b := body.(type) {
	case nil:
	case string:
		sent = []byte(b)
	default:
		var err error
		if sent, err = json.Marshal(b); err != nil {
			t.Fatal(err)
		}
	}
	request := func() *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), method, c.url+path, bytes.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		n := visits.Add(1)
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
		if body != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		for k, v := range header {
			req.Header[k] = v
		}
		return req
	}
	resp, err := c.Do(request())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	what := fmt.Sprintf("%s %s", method, path)
	if resp.StatusCode != want {
		t.Fatalf("%s: status %d, want %d: %.500s", what, resp.StatusCode, want, answer)
	}

	req := request()
	route, params, err := c.api.router.FindRoute(req)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if want < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Fatalf("%s: a request that works is not as described: %v", what, err)
		}
		c.api.works[route.Operation.OperationID] = true
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Fatalf("%s: %v\n%.500s", what, err, answer)
	}
	if want >= 400 {
		var e errorJSON
		if err := json.Unmarshal(answer, &e); err != nil || !strings.HasSuffix(e.Error, ".") {
			t.Fatalf("%s: error %q is no sentence", what, e.Error)
		}
	}
	return resp.Header, answer
}

const v1 = "/api/v1"

// Every operation is called, and every answer checked; what was changed is read
// back.
func TestAPI(t *testing.T) {
	a := newAPISite(t, nil)
	ada := a.reader("Ada", "ada@example.org", offprint.RoleOwner)
	eve := a.reader("Eve", "eve@example.org", offprint.RoleReader)
	nobody, owner, reader := a.nobody(), a.browser(ada), a.program(eve, true)
	testAPIPapers(t, nobody, reader)
	testAPIComments(t, nobody, reader, a.program(ada, true), owner)
	testAPILists(t, nobody)
	testAPILibrary(t, reader)
	testAPISearches(t, reader, owner)
	testAPIWebhooks(t, reader, owner)
	testAPIMail(t, nobody, reader, owner)
	testAPISources(t, nobody, reader, owner)
	testAPIAccount(t, reader, a.browser(eve), a.browser(eve))
	testAPIOwner(t, owner, eve)
	testAPILearned(t, a)
	testAPIAbout(t, nobody)
	testAPIFarewell(t, reader, a.browser(eve), owner)
	for path, item := range a.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !a.works[op.OperationID] {
				t.Errorf("%s %s has not been seen to work", method, path)
			}
		}
	}
}

func testAPIPapers(t *testing.T, nobody, reader *caller) {
	list := nobody.get(v1+"/papers?day=latest", 200)
	if n := len(list.list("papers")); n != 10 {
		t.Errorf("%d papers on the latest day", n)
	}
	for _, query := range []string{
		"week=2026-W10", "month=2026-03&sort=votes", "category=cs.CL", "author=emile+borel+a", "q=retrieval+cat:cs.IR", "q=cat:cs.IR&sort=time",
		"day=2026-03-05&sort=trending", "q=%22part+7%22&sort=relevance",
	} {
		if got := nobody.get(v1+"/papers?"+query, 200); len(got.list("papers")) == 0 {
			t.Errorf("%s: no papers", query)
		}
	}
	for _, query := range []string{
		"day=2026-13-01", "day=yesterday", "week=2026-W99", "month=March", "day=2026-03-05&month=2026-03", "sort=best", "limit=0", "limit=201",
		"limit=many", "cursor=nonsense", "q=after:soon", "q=%22%22", "chosen=perhaps", "hidden=1", "sort=relevance", "q=%zz", "day=0000-00-00",
		"q=" + strings.Repeat("x", offprint.MaxQuery+1),
	} {
		nobody.get(v1+"/papers?"+query, 400)
	}
	nobody.get(v1+"/papers?chosen=true", 401)

	// All pages together are all papers, each once.
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		page := nobody.get(v1+"/papers?limit=7&cursor="+url.QueryEscape(cursor), 200)
		for _, p := range page.list("papers") {
			key := object(p.(map[string]any)).text("key")
			if seen[key] {
				t.Fatalf("%s twice", key)
			}
			seen[key] = true
		}
		if cursor = page.text("next"); cursor == "" {
			break
		}
		if pages > 10 {
			t.Fatal("pages without end")
		}
	}
	if len(seen) != len(nobody.api.papers) {
		t.Errorf("%d papers in all pages, want %d", len(seen), len(nobody.api.papers))
	}

	p := nobody.get(v1+"/papers/2603.00001", 200)
	if p.text("title") != "On retrieval, part 1: $O(n^2)$ <b>& more</b>" || p["mine"] != nil || p.text("listed") != "2026-03-05" {
		t.Errorf("%v", p)
	}
	nobody.get(v1+"/papers/arXiv:2603.00001v2", 200)
	if p := nobody.get(v1+"/papers/hep-th%2F9901001", 200); p.text("key") != "hep-th-9901001" {
		t.Errorf("%v", p)
	}
	nobody.get(v1+"/papers/2609.99999", 404)
	for _, name := range []string{"bibtex_url", "ris_url"} {
		path := strings.TrimPrefix(p.text(name), nobody.url)
		nobody.want(nobody.visitor.get(path), 200, "Ada")
	}

	mark := v1 + "/papers/2603.00001/marks/"
	if m := reader.call("PUT", mark+"vote", nil, 200); m["on"] != true || m["votes"] != 1.0 {
		t.Errorf("%v", m)
	}
	reader.call("PUT", mark+"vote", nil, 200) // twice is once
	reader.call("PUT", mark+"save", nil, 200)
	reader.call("PUT", mark+"love", nil, 400)
	reader.call("PUT", v1+"/papers/none/marks/save", nil, 404)
	nobody.call("PUT", mark+"vote", nil, 401)
	tags := reader.call("PUT", v1+"/papers/2603.00001/tags", tagsJSON{[]string{"Survey ", "to cite", ""}}, 200)
	if got := fmt.Sprint(tags.list("tags")); got != "[survey to-cite]" {
		t.Errorf("tags %s", got)
	}
	reader.call("PUT", v1+"/papers/2603.00001/tags", tagsJSON{[]string{"a(b"}}, 400)
	reader.call("PUT", v1+"/papers/2603.00001/note", noteJSON{" Read *again*.\r\n"}, 200)
	reader.call("PUT", v1+"/papers/2603.00001/note", noteJSON{strings.Repeat("n", offprint.MaxNote+1)}, 413)
	mine, _ := reader.get(v1+"/papers/2603.00001", 200)["mine"].(map[string]any)
	if mine["voted"] != true || mine["saved"] != true || mine["note"] != "Read *again*." {
		t.Errorf("mine: %v", mine)
	}
	if m := reader.call("DELETE", mark+"vote", nil, 200); m["on"] != false || m["votes"] != 0.0 {
		t.Errorf("%v", m)
	}
	reader.call("PUT", v1+"/papers/2603.00004/marks/hide", nil, 200)
	shown := func(query string) int { return len(reader.get(v1+"/papers?limit=200&"+query, 200).list("papers")) }
	if all, rest := shown("hidden=true"), shown(""); all != rest+1 {
		t.Errorf("%d papers, %d of them not hidden", all, rest)
	}

	for _, ref := range []string{"2603.00001", "https://arxiv.org/abs/2512.01234v1"} {
		reader.call("POST", v1+"/papers", refJSON{ref}, 200)
	}
	reader.call("POST", v1+"/papers", refJSON{"nonsense"}, 400)
	reader.call("POST", v1+"/papers", refJSON{"2001.00001"}, 502)
	nobody.call("POST", v1+"/papers", refJSON{"2603.00001"}, 401)
}

func testAPIComments(t *testing.T, nobody, reader, other, owner *caller) {
	on := v1 + "/papers/2603.00002/comments"
	c := reader.call("POST", on, newCommentJSON{Body: "A *fine* paper <script>alert(1)</script>"}, 201)
	if c.text("author") != "Eve" || c["mine"] != true || strings.Contains(c.text("html"), "<script") || !strings.Contains(c.text("html"), "<em>fine</em>") {
		t.Errorf("%v", c)
	}
	at := v1 + "/comments/" + c.id()
	answer := other.call("POST", on, newCommentJSON{Body: "Indeed.", ParentID: int64(c["id"].(float64))}, 201)
	if answer["parent_id"] != c["id"] {
		t.Errorf("%v", answer)
	}
	reader.call("POST", on, newCommentJSON{Body: " \n"}, 400)
	reader.call("POST", on, newCommentJSON{Body: "x", ParentID: 999}, 404)
	reader.call("POST", on, newCommentJSON{Body: strings.Repeat("x", offprint.MaxBody+1)}, 413)
	nobody.call("POST", on, newCommentJSON{Body: "x"}, 401)
	if got := nobody.get(on, 200).list("comments"); len(got) != 2 {
		t.Errorf("%d comments", len(got))
	}
	if got := nobody.get(at, 200); got["mine"] != false {
		t.Errorf("%v", got)
	}
	nobody.get(v1+"/comments/first", 400)
	nobody.get(v1+"/comments/999", 404)
	if got := reader.call("PATCH", at, commentBodyJSON{"Better."}, 200); got.text("body") != "Better." || got.text("edited") == "" {
		t.Errorf("%v", got)
	}
	other.call("PATCH", at, commentBodyJSON{"Worse."}, 403)
	reader.call("DELETE", v1+"/comments/"+answer.id(), nil, 403)

	other.call("POST", at+"/reports", newReportJSON{"It praises too much."}, 204)
	reports := owner.get(v1+"/reports", 200).list("reports")
	if len(reports) != 1 || fmt.Sprint(object(reports[0].(map[string]any)).list("reasons")) != "[It praises too much.]" {
		t.Errorf("%v", reports)
	}
	reader.get(v1+"/reports", 403)
	nobody.get(v1+"/reports", 401)
	owner.call("DELETE", v1+"/reports/"+c.id(), nil, 204)
	if reports := owner.get(v1+"/reports", 200).list("reports"); len(reports) != 0 {
		t.Errorf("%v", reports)
	}

	reader.call("DELETE", at, nil, 204)
	kept := nobody.get(on, 200).list("comments")[0].(map[string]any)
	if kept["deleted"] != true || kept["author"] != nil || kept["body"] != "" {
		t.Errorf("a deleted comment still says %v", kept)
	}
	nobody.get(at, 404)
}

func testAPILists(t *testing.T, nobody *caller) {
	if days := nobody.get(v1+"/days", 200).list("days"); len(days) != 3 {
		t.Errorf("%v", days)
	}
	if days := nobody.get(v1+"/days?first=2026-03-04&last=2026-03-04", 200).list("days"); len(days) != 1 {
		t.Errorf("%v", days)
	}
	nobody.get(v1+"/days?first=1950-01-01", 400)
	nobody.get(v1+"/days?last=today", 400)
	if cats := nobody.get(v1+"/categories", 200).list("categories"); len(cats) != 3 {
		t.Errorf("%v", cats)
	}
	if authors := nobody.get(v1+"/authors?q=love&limit=5", 200).list("authors"); len(authors) != 1 {
		t.Errorf("%v", authors)
	}
	nobody.get(v1+"/authors?limit=-1", 400)
	if papers := nobody.get(v1+"/founding", 200).list("papers"); len(papers) != 63 {
		t.Errorf("%d founding papers", len(papers))
	}
}

func testAPILibrary(t *testing.T, reader *caller) {
	reader.call("PUT", v1+"/papers/2603.00005/tags", tagsJSON{[]string{"survey"}}, 200)
	for query, want := range map[string]int{
		"": 1, "shelf=noted": 1, "shelf=hidden": 1, "shelf=voted": 0, "tags=survey": 2, "tags=survey+and+not+to-cite": 1, "shelf=saved&tags=survey&sort=votes": 1,
	} {
		if got := reader.get(v1+"/library?"+query, 200).list("papers"); len(got) != want {
			t.Errorf("%q: %d papers, want %d", query, len(got), want)
		}
	}
	for _, query := range []string{"shelf=top", "tags=(survey", "sort=relevance"} {
		reader.get(v1+"/library?"+query, 400)
	}
	feed := reader.call("PUT", v1+"/tags/survey/feed", nil, 200)
	if again := reader.call("PUT", v1+"/tags/survey/feed", nil, 200); feed.text("feed") == "" || again.text("feed") != feed.text("feed") {
		t.Errorf("%v, then %v", feed, again)
	}
	reader.want(reader.visitor.get(strings.TrimPrefix(feed.text("feed"), reader.url)), 200, "<feed")
	reader.call("PUT", v1+"/tags/unknown/feed", nil, 404)
	tags := reader.get(v1+"/tags", 200).list("tags")
	if len(tags) != 2 || tags[0].(map[string]any)["feed"] != feed.text("feed") {
		t.Errorf("%v", tags)
	}
	reader.call("DELETE", v1+"/tags/survey/feed", nil, 204)
	reader.call("PATCH", v1+"/tags/survey", tagNameJSON{"Over view"}, 204)
	reader.call("PATCH", v1+"/tags/survey", tagNameJSON{""}, 400)
	reader.call("DELETE", v1+"/tags/to-cite", nil, 204)
	if tags := reader.get(v1+"/tags", 200).list("tags"); len(tags) != 1 || tags[0].(map[string]any)["name"] != "over-view" {
		t.Errorf("%v", tags)
	}
}

func testAPISearches(t *testing.T, reader, other *caller) {
	made := reader.call("POST", v1+"/searches", newSearchJSON{Query: " retrieval cat:cs.IR ", Feed: true}, 201)
	if made.text("name") != "retrieval cat:cs.IR" || made.text("feed") == "" || made["alert"] != false {
		t.Errorf("%v", made)
	}
	reader.want(reader.visitor.get(strings.TrimPrefix(made.text("feed"), reader.url)), 200, "retrieval")
	at := v1 + "/searches/" + made.id()
	on, off, name := true, false, "IR"
	changed := reader.call("PATCH", at, searchChangeJSON{Name: &name, Feed: &off, Alert: &on}, 200)
	if changed.text("name") != "IR" || changed["feed"] != nil || changed["alert"] != true {
		t.Errorf("%v", changed)
	}
	if same := reader.call("PATCH", at, searchChangeJSON{}, 200); same.text("name") != "IR" || same["alert"] != true {
		t.Errorf("%v", same)
	}
	if got := reader.get(at, 200); got.text("query") != "retrieval cat:cs.IR" {
		t.Errorf("%v", got)
	}
	reader.call("POST", v1+"/searches", newSearchJSON{Query: "  "}, 400)
	reader.call("POST", v1+"/searches", newSearchJSON{Query: "after:soon"}, 400)
	other.get(at, 404)
	other.call("PATCH", at, searchChangeJSON{Name: &name}, 404)
	other.call("DELETE", at, nil, 404)
	if got := reader.get(v1+"/searches", 200).list("searches"); len(got) != 1 {
		t.Errorf("%v", got)
	}
	reader.call("DELETE", at, nil, 204)
	reader.get(at, 404)
}

func testAPIWebhooks(t *testing.T, reader, other *caller) {
	made := reader.call("POST", v1+"/webhooks", newWebhookJSON{"https://example.org/hook", []string{"day", "alert"}}, 201)
	if len(made.text("secret")) < 32 {
		t.Errorf("%v", made)
	}
	at := v1 + "/webhooks/" + made.id()
	if got := reader.get(at, 200); got["secret"] != nil || len(got.list("events")) != 2 {
		t.Errorf("%v", got)
	}
	for _, hook := range []newWebhookJSON{{"ftp://example.org", []string{"day"}}, {"https://a:b@example.org", []string{"day"}}, {"https://example.org", []string{"vote"}}, {"https://example.org", nil}} {
		reader.call("POST", v1+"/webhooks", hook, 400)
	}
	reader.call("POST", at+"/test", nil, 202)
	if id := <-reader.api.tried; fmt.Sprint(id) != made.id() {
		t.Errorf("webhook %d was tried", id)
	}
	other.get(at, 404)
	other.call("POST", at+"/test", nil, 404)
	other.call("DELETE", at, nil, 404)
	if got := reader.get(v1+"/webhooks", 200).list("webhooks"); len(got) != 1 {
		t.Errorf("%v", got)
	}
	reader.call("DELETE", at, nil, 204)
}

func testAPIMail(t *testing.T, nobody, reader, other *caller) {
	sub := newSubscriptionJSON{Email: "reader@example.org", Frequency: "weekly", TimeZone: "Europe/Berlin", Query: "cat:cs.CL"}
	first := nobody.call("POST", v1+"/subscriptions", sub, 202)
	<-nobody.api.box.links
	again := nobody.call("POST", v1+"/subscriptions", sub, 202)
	if first.text("message") != again.text("message") || len(nobody.api.box.links) != 0 {
		t.Error("subscribing twice is answered differently, or mailed")
	}
	for _, bad := range []newSubscriptionJSON{
		{Email: "nobody", Frequency: "daily"}, {Email: "a@example.org", Frequency: "hourly"}, {Email: "a@example.org", Frequency: "daily", TimeZone: "Mars"},
		{Email: "a@example.org", Frequency: "daily", Count: 1000}, {Email: "a@example.org", Frequency: "daily", Query: "tag:mine"},
	} {
		nobody.call("POST", v1+"/subscriptions", bad, 400)
	}
	hour := 0
	reader.call("POST", v1+"/subscriptions", newSubscriptionJSON{Email: "eve@example.org", Frequency: "daily", Hour: &hour, Query: "tag:mine"}, 202)
	if _, err := nobody.api.box.Confirm(t.Context(), <-nobody.api.box.links); err != nil {
		t.Fatal(err)
	}
	subs := reader.get(v1+"/subscriptions", 200).list("subscriptions")
	if len(subs) != 1 {
		t.Fatalf("%v", subs)
	}
	mine := object(subs[0].(map[string]any))
	if mine["hour"] != 0.0 || mine["count"] != 20.0 || mine.text("state") != "active" || mine.text("next") == "" {
		t.Errorf("%v", mine)
	}
	other.call("DELETE", v1+"/subscriptions/"+mine.id(), nil, 404)
	reader.call("DELETE", v1+"/subscriptions/"+mine.id(), nil, 204)
	if sub := object(reader.get(v1+"/subscriptions", 200).list("subscriptions")[0].(map[string]any)); sub.text("state") != "ended" {
		t.Errorf("%v", sub)
	}
	nobody.get(v1+"/subscriptions", 401)
}

func testAPISources(t *testing.T, nobody, reader, owner *caller) {
	feed := newSourceJSON{Kind: "feed", URL: "https://example.org/feed.xml?key=hidden"}
	made := owner.call("POST", v1+"/sources", feed, 201)
	if made.text("name") != "example.org" || fmt.Sprint(<-owner.api.read) != made.id() {
		t.Errorf("%v", made)
	}
	owner.call("POST", v1+"/sources", feed, 409)
	owner.call("POST", v1+"/sources", newSourceJSON{Kind: "arxiv", Sets: []string{"cs:cs:CL"}, Days: 2}, 201)
	<-owner.api.read
	for _, bad := range []newSourceJSON{{Kind: "feed"}, {Kind: "arxiv"}, {Kind: "gopher"}, {Kind: "arxiv", Sets: []string{"cs"}, Days: -1}, {Kind: "arxiv", Sets: []string{"../x"}}} {
		owner.call("POST", v1+"/sources", bad, 400)
	}
	reader.call("POST", v1+"/sources", feed, 403)
	at := v1 + "/sources/" + made.id()
	owner.call("POST", at+"/sync", nil, 202)
	<-owner.api.read
	if got := owner.call("PATCH", at, sourceChangeJSON{true}, 200); got.text("state") != "paused" {
		t.Errorf("%v", got)
	}
	owner.call("POST", at+"/sync", nil, 400)
	reader.call("PATCH", at, sourceChangeJSON{false}, 403)
	if _, body := nobody.send("GET", v1+"/sources", nil, nil, 200); strings.Contains(string(body), "hidden") {
		t.Errorf("a source's address is shown to everybody: %s", body)
	}
	if got := owner.get(v1+"/sources", 200).list("sources"); len(got) != 2 || object(got[0].(map[string]any)).text("url") == "" {
		t.Errorf("%v", got)
	}
	owner.call("DELETE", at, nil, 204)
	owner.call("DELETE", at, nil, 404)
}

func testAPIAccount(t *testing.T, program, browser, elsewhere *caller) {
	me := program.get(v1+"/me", 200)
	if me.text("name") != "Eve" || me["settings"].(map[string]any)["sort"] != "trending" {
		t.Errorf("%v", me)
	}
	change := func(body string, want int) object {
		t.Helper()
		return program.call("PATCH", v1+"/me", body, want)
	}
	changed := change(`{"name": " Eve\tAdams ", "settings": {"categories": ["cs.cl"], "not_categories": ["stat.ML"], "time_zone": "Asia/Tokyo", "sort": "votes", "theme": "dark", "dense": true}}`, 200)
	if got := fmt.Sprint(changed["name"], changed["settings"]); got != "Eve Adamsmap[categories:[cs.CL] dense:true not_categories:[stat.ML] sort:votes theme:dark time_zone:Asia/Tokyo]" {
		t.Errorf("%v", got)
	}
	changed = change(`{"name": "Eve", "settings": {"theme": "system", "not_categories": []}}`, 200)
	if got := fmt.Sprint(changed["settings"]); got != "map[categories:[cs.CL] dense:true not_categories:[] sort:votes theme:system time_zone:Asia/Tokyo]" {
		t.Errorf("%v", got)
	}
	for _, body := range []string{
		`{"name": ""}`, `{"settings": {"sort": "relevance"}}`, `{"settings": {"theme": "pink"}}`, `{"settings": {"time_zone": "Mars"}}`,
		`{"settings": {"categories": ["a\"b"]}}`, `{"settings": {"dense": "yes"}}`, `{"settings": {"colour": 1}}`, `{"role": "owner"}`, `{"name": "E"`, `[]`, `null`, `{} {}`, ``,
	} {
		change(body, 400)
	}
	if n := len(program.get(v1+"/papers?day=latest&chosen=true", 200).list("papers")); n == 0 || n == 10 {
		t.Errorf("%d papers in the chosen categories", n)
	}

	// What concerns the account itself is not a program's.
	for _, path := range []string{"/me/sessions", "/me/tokens", "/readers", "/invitations"} {
		program.get(v1+path, 403)
	}
	program.call("DELETE", v1+"/me?confirm=Eve", nil, 403)
	program.call("POST", v1+"/me/tokens", newTokenJSON{Name: "more"}, 403)
	program.call("POST", v1+"/me/email", emailJSON{"eve@example.net"}, 403)

	made := browser.call("POST", v1+"/me/tokens", newTokenJSON{Name: "script"}, 201)
	browser.call("POST", v1+"/me/tokens", newTokenJSON{Name: " "}, 400)
	tokens := browser.get(v1+"/me/tokens", 200).list("tokens")
	if len(tokens) != 2 || tokens[0].(map[string]any)["secret"] != nil || tokens[1].(map[string]any)["secret"] != nil {
		t.Errorf("%v", tokens)
	}
	readOnly := &caller{api: program.api, visitor: program.visitor, token: made.text("secret")}
	readOnly.get(v1+"/library", 200)
	readOnly.call("PUT", v1+"/papers/2603.00001/marks/save", nil, 403)
	browser.call("DELETE", v1+"/me/tokens/"+made.id(), nil, 204)
	readOnly.get(v1+"/library", 401)
	readOnly.get(v1+"/papers", 401) // not as nobody, which would hide the mistake

	browser.call("POST", v1+"/me/email", emailJSON{"eve@example.net"}, 202)
	if m := browser.mail(); m.to != "eve@example.net" {
		t.Errorf("%v", m)
	}
	browser.call("POST", v1+"/me/email", emailJSON{"eve"}, 400)

	for _, secret := range []string{"secret", "hash", "Hash"} {
		if _, body := program.send("GET", v1+"/me/export", nil, nil, 200); strings.Contains(string(body), `"`+secret) {
			t.Errorf("the export has a %s: %s", secret, body)
		}
	}
	export := program.get(v1+"/me/export", 200)
	if len(export.list("papers")) == 0 || len(export.list("subscriptions")) == 0 {
		t.Errorf("%v", export)
	}

	var other string
	sessions := browser.get(v1+"/me/sessions", 200).list("sessions")
	for _, s := range sessions {
		if s := object(s.(map[string]any)); s["current"] != true {
			other = s.text("id")
		}
	}
	if len(sessions) != 2 || other == "" {
		t.Fatalf("%v", sessions)
	}
	browser.call("DELETE", v1+"/me/sessions/unknown", nil, 404)
	elsewhere.get(v1+"/me", 200)
	browser.call("DELETE", v1+"/me/sessions/"+other, nil, 204)
	elsewhere.get(v1+"/me", 401)
	browser.call("DELETE", v1+"/me/sessions", nil, 204)
	browser.get(v1+"/me", 200)
}

func testAPIOwner(t *testing.T, owner *caller, eve *offprint.Reader) {
	if got := owner.get(v1+"/readers", 200).list("readers"); len(got) != 2 {
		t.Errorf("%v", got)
	}
	yes, no, role := true, false, "owner"
	at := fmt.Sprintf("%s/readers/%d", v1, eve.ID)
	if got := owner.call("PATCH", at, readerChangeJSON{Suspended: &yes}, 200); got["suspended"] != true {
		t.Errorf("%v", got)
	}
	owner.call("PATCH", at, readerChangeJSON{Suspended: &no, Role: &role}, 200)
	role = "reader"
	owner.call("PATCH", at, readerChangeJSON{Role: &role}, 200)
	role = "king"
	owner.call("PATCH", at, readerChangeJSON{Role: &role}, 400)
	self := owner.get(v1+"/me", 200)
	owner.call("PATCH", v1+"/readers/"+self.id(), readerChangeJSON{Suspended: &yes}, 400)
	owner.call("PATCH", v1+"/readers/999", readerChangeJSON{Suspended: &yes}, 404)

	made := owner.call("POST", v1+"/invitations", newInvitationJSON{Email: "New@example.org"}, 201)
	if m := owner.mail(); m.to != "new@example.org" || m.link != made.text("link") || made["mailed"] != true {
		t.Errorf("%v, %v", m, made)
	}
	owner.call("POST", v1+"/invitations", newInvitationJSON{Email: "eve@example.org"}, 409)
	owner.call("POST", v1+"/invitations", newInvitationJSON{Role: "king"}, 400)
	open := owner.get(v1+"/invitations", 200).list("invitations")
	if len(open) != 1 {
		t.Fatalf("%v", open)
	}
	owner.call("DELETE", v1+"/invitations/"+object(open[0].(map[string]any)).text("id"), nil, 204)
	owner.call("DELETE", v1+"/invitations/none", nil, 404)
	owner.want(owner.visitor.get(strings.TrimPrefix(made.text("link"), owner.url)), 404)
}

func testAPIFarewell(t *testing.T, program, browser, owner *caller) {
	t.Helper()
	browser.call("DELETE", v1+"/me", nil, 400)
	browser.call("DELETE", v1+"/me?confirm=Eve", nil, 204)
	browser.get(v1+"/me", 401)
	program.get(v1+"/me", 401)
	owner.call("DELETE", v1+"/me?confirm=Ada", nil, 409) // the last owner
}

func testAPIAbout(t *testing.T, nobody *caller) {
	if _, body := nobody.send("GET", v1+"/openapi.json", nil, nil, 200); !json.Valid(body) || !bytes.Contains(body, []byte(`"3.1.0"`)) {
		t.Error("openapi.json is not as embedded")
	}
	_, page := nobody.send("GET", v1+"/docs", nil, nil, 200)
	for path, item := range nobody.api.doc.Paths.Map() {
		for _, op := range item.Operations() {
			if !bytes.Contains(page, []byte(`id="`+op.OperationID+`"`)) {
				t.Errorf("the page has no %s %s", op.OperationID, path)
			}
		}
	}
	for name := range nobody.api.doc.Components.Schemas {
		if !bytes.Contains(page, []byte(`id="type-`+name+`"`)) {
			t.Errorf("the page has no type %s", name)
		}
	}
	_, daily := nobody.send("GET", "/api/daily_papers?date=2026-03-05&limit=3&submitter=x", nil, nil, 200)
	var papers []dailyJSON
	if err := json.Unmarshal(daily, &papers); err != nil {
		t.Fatal(err)
	}
	if len(papers) != 3 || papers[0].Paper.Authors[0].Name != "Ada Lovelace" || len(papers[0].Summary) < 1000 || papers[0].Paper.GitHubRepo != "https://github.com/ada/part" {
		t.Errorf("%+v", papers)
	}
	nobody.get("/api/daily_papers?date=5+March", 400)
	var ids []string
	for p := range 6 {
		_, page := nobody.send("GET", fmt.Sprintf("/api/daily_papers?limit=4&p=%d", p), nil, nil, 200)
		var papers []dailyJSON
		if err := json.Unmarshal(page, &papers); err != nil || papers == nil {
			t.Fatalf("page %d: %v, %s", p, err, page)
		}
		for _, p := range papers {
			ids = append(ids, p.Paper.ID)
		}
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 10 || len(ids) != 10 {
		t.Errorf("the pages of the latest day have %d papers, want 10: %v", n, ids)
	}
	for _, query := range []string{"limit=x&p=y", "p=-1", "p=999999999", "limit=1000"} {
		nobody.get("/api/daily_papers?"+query, 200)
	}
	nobody.get("/api/daily_papers?date=2001-01-01", 200)
}

func TestAPIRefusals(t *testing.T) {
	a := newAPISite(t, nil)
	eve := a.reader("Eve", "eve@example.org", offprint.RoleReader)
	program, browser := a.program(eve, true), a.browser(eve)

	tags := v1 + "/papers/2603.00001/tags"
	for body, says := range map[string]string{
		`{"tags": ["a"], "colour": 1}`: "colour", `{"tags": "a"}`: "tags", `{}`: "tags", `{"Tags": ["a"]}`: "tags", `{"tags": [1]}`: "tags",
	} {
		if o := program.call("PUT", tags, body, 400); !strings.Contains(o.text("error"), says) {
			t.Errorf("%s: %q does not name %s", body, o.text("error"), says)
		}
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;"} {
		program.send("PUT", tags, `{"tags": []}`, http.Header{"Content-Type": {contentType}}, 415)
	}
	program.send("PUT", tags, `{"tags": []}`, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, 200)
	program.call("PUT", tags, `{"tags": ["`+strings.Repeat("a", maxBody)+`"]}`, 413)

	// A page of another site cannot act for who is signed in here.
	browser.send("PUT", tags, `{"tags": []}`, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403)
	browser.send("PUT", tags, `{"tags": []}`, http.Header{"Origin": {"https://evil.example"}}, 403)

	h, _ := (&caller{api: a, visitor: a.visitor(), token: "offprint_none"}).send("GET", v1+"/papers", nil, nil, 401)
	if h.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%v", h)
	}

	// These are not described, so they are not checked against the description.
	v := a.visitor()
	for path, allow := range map[string]string{v1 + "/me": "GET, PATCH, DELETE", v1 + "/papers/2603.00001": "GET", "/api/daily_papers": "GET"} {
		if got := v.do(http.MethodPost, path, nil); got.status != 405 || got.header.Get("Allow") != allow || !strings.Contains(got.body, `"error"`) {
			t.Errorf("POST %s: %d, Allow %q, %s", path, got.status, got.header.Get("Allow"), got.body)
		}
	}
	for _, path := range []string{"/api", "/api/", v1, v1 + "/nothing", "/api/v2/papers"} {
		if got := v.get(path); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestAPIETag(t *testing.T) {
	a := newAPISite(t, nil)
	c := a.program(a.reader("Eve", "eve@example.org", offprint.RoleReader), true)
	h, _ := c.send("GET", v1+"/papers", nil, nil, 200)
	tag := h.Get("ETag")
	if tag == "" || !strings.Contains(h.Get("Cache-Control"), "private") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Authorization") {
		t.Fatalf("%v", h)
	}
	if _, body := c.send("GET", v1+"/papers", nil, http.Header{"If-None-Match": {tag}}, 304); len(body) != 0 {
		t.Errorf("%s", body)
	}
	c.call("PUT", v1+"/papers/2603.00001/marks/vote", nil, 200)
	c.send("GET", v1+"/papers", nil, http.Header{"If-None-Match": {tag}}, 200)
}

// Compression changes the tag of an answer, which must be known again.
func TestETagOfCompressed(t *testing.T) {
	v := newAPISite(t, nil).visitor()
	for _, path := range []string{"/", "/feed/today.atom", v1 + "/papers", v1 + "/openapi.json"} {
		for _, encoding := range []string{"gzip", "zstd", "identity"} {
			v.header.Set("Accept-Encoding", encoding)
			v.header.Del("If-None-Match")
			first := v.want(v.get(path), 200)
			v.header.Set("If-None-Match", first.header.Get("ETag"))
			if second := v.get(path); second.status != 304 {
				t.Errorf("%s, %s: %d for %s", path, encoding, second.status, first.header.Get("ETag"))
			}
		}
	}
}

func TestAPISlow(t *testing.T) {
	a := newAPISite(t, nil)
	c := a.nobody()
	from := http.Header{"X-Forwarded-For": {"192.0.2.7"}}
	for range actsBurst {
		c.send("POST", v1+"/subscriptions", newSubscriptionJSON{Email: "nobody", Frequency: "daily"}, from, 400)
	}
	if h, _ := c.send("POST", v1+"/subscriptions", newSubscriptionJSON{Email: "nobody", Frequency: "daily"}, from, 429); h.Get("Retry-After") == "" {
		t.Errorf("%v", h)
	}
	// An inbox is protected whoever asks.
	for i := range mailsBurst + 1 {
		want := 202
		if i == mailsBurst {
			want = 429
		}
		c.call("POST", v1+"/subscriptions", newSubscriptionJSON{Email: "flooded@example.org", Frequency: "daily", Count: i + 1}, want)
	}
}

func TestAPIPrivate(t *testing.T) {
	a := newAPISite(t, func(c *Config) { c.Private = true })
	nobody, reader := a.nobody(), a.program(a.reader("Eve", "eve@example.org", offprint.RoleReader), false)
	for _, path := range []string{v1 + "/papers", v1 + "/sources", v1 + "/openapi.json", "/api/daily_papers"} {
		nobody.get(path, 401)
		reader.get(path, 200)
	}
}

// What a reader has done is shown to nobody else.
func TestAPIPrivacy(t *testing.T) {
	a := newAPISite(t, nil)
	eve := a.program(a.reader("Eve", "eve@example.org", offprint.RoleReader), true)
	bob := a.program(a.reader("Bob", "bob@example.org", offprint.RoleReader), true)
	for _, mark := range []string{"save", "read", "vote"} {
		eve.call("PUT", v1+"/papers/2603.00001/marks/"+mark, nil, 200)
	}
	eve.call("PUT", v1+"/papers/2603.00001/tags", tagsJSON{[]string{"secret-plan"}}, 200)
	eve.call("PUT", v1+"/papers/2603.00001/note", noteJSON{"secret-thought"}, 200)
	for _, c := range []*caller{bob, a.nobody()} {
		for _, path := range []string{v1 + "/papers/2603.00001", v1 + "/papers?day=latest", v1 + "/papers?q=tag:secret-plan", "/api/daily_papers"} {
			_, body := c.send("GET", path, nil, nil, 200)
			if s := string(body); strings.Contains(s, "secret-") || strings.Contains(s, `"saved":true`) || strings.Contains(s, `"voted":true`) {
				t.Errorf("%s tells what Eve did: %s", path, s)
			}
		}
	}
}

// FuzzAPIBody sends anything as a body: the answer is never a fault of ours.
func FuzzAPIBody(f *testing.F) {
	for _, seed := range []string{`{"name": "Eve"}`, `{"settings": {"categories": ["cs.CL"], "dense": null}}`, `{"settings": null}`, `[1]`, "null", "{", `{"name": "\ud800"}`, "\x00", `{"name": 1e999}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := http.NewRequest(http.MethodPatch, "http://example.org"+v1+"/me", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		var in changeProfileInput
		if err := readInput(req, &in); err != nil {
			if status, message := statusOf(err); status >= 500 || message == "" {
				t.Errorf("%q: %d %v", body, status, err)
			}
			return
		}
		if c := in.Body.Settings; c != nil {
			if err := c.apply(&offprint.Settings{}); err != nil && offprint.KindOf(err) != offprint.KindInvalid {
				t.Errorf("%q: %v", body, err)
			}
		}
	})
}
