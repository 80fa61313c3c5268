package web

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine/enginetest"
	"github.com/offprint/offprint/rank"
)

// withEngine gives a site a store of papers from which something was learned.
func withEngine(t *testing.T) func(*Config) {
	return func(c *Config) {
		e := enginetest.Open(t, c.Store, enginetest.Papers(1200))
		c.Engine = e
	}
}

// testAPILearned calls what needs an engine, on a site of its own.
func testAPILearned(t *testing.T, a *apiSite) {
	b := newAPISite(t, withEngine(t))
	reader := b.program(b.reader("Eve", "eve@example.org", offprint.RoleReader), true)
	paper := func(i int) string { return enginetest.Papers(1200)[i].ArXivID }

	if empty := reader.get(v1+"/for-you", 200); len(empty.list("papers")) != 0 {
		t.Errorf("for a reader who has said nothing: %v", empty)
	}
	reader.call(http.MethodPut, v1+"/papers/"+paper(1100)+"/marks/vote", nil, 200)
	reader.call(http.MethodPut, v1+"/papers/"+paper(1100)+"/tags", map[string]any{"tags": []string{"mine"}}, 200)
	list := reader.get(v1+"/for-you?period=month&limit=5", 200)
	first, _ := list.list("papers")[0].(map[string]any)
	if why, _ := first["why"].(map[string]any); len(list.list("papers")) != 5 || why == nil || len(object(why).list("like")) != 1 || list.text("next") == "" {
		t.Errorf("for a reader: %d papers, the first because of %v", len(list.list("papers")), why)
	}
	reader.get(v1+"/for-you?period=month&limit=5&cursor="+list.text("next"), 200)
	reader.get(v1+"/for-you?cursor=x", 400)
	reader.get(v1+"/papers?day=latest&sort=for-you", 200)
	reader.get(v1+"/papers?category=cs.AA&sort=for-you", 400)
	reader.get(v1+"/tags/mine/more", 200)
	reader.get(v1+"/tags/unused/more", 404)
	b.nobody().get(v1+"/for-you", 401)

	nobody := b.nobody()
	if related := nobody.get(v1+"/papers/"+paper(50)+"/related?limit=3", 200); len(related.list("papers")) != 3 {
		t.Errorf("related: %v", related)
	}
	nobody.get(v1+"/papers/2.3/related", 404)
	topics := nobody.get(v1+"/topics", 200).list("topics")
	if len(topics) == 0 {
		t.Fatal("no topics")
	}
	one, _ := topics[0].(map[string]any)
	if got := nobody.get(v1+"/topics/"+object(one).text("slug"), 200); len(object(got["found"].(map[string]any)).list("papers")) == 0 {
		t.Errorf("topic: %v", got)
	}
	nobody.get(v1+"/topics/none", 404)
	nobody.get(v1+"/learned", 200)
	if found := nobody.get(v1+"/papers?q="+url.QueryEscape("similar:"+paper(50)), 200); len(found.list("papers")) == 0 {
		t.Error("nothing is similar")
	}
	nobody.get(v1+"/papers?q=similar:2.3", 404)
	maps.Copy(a.works, b.works)

	without := newAPISite(t, nil) // before anything has been learned
	without.nobody().get(v1+"/topics", 404)
	without.nobody().get(v1+"/learned", 404)
}

// TestLearnedPages walks through the pages as a new reader does.
func TestLearnedPages(t *testing.T) {
	si := newSite(t, withEngine(t))
	eve := si.reader("Eve", "eve@example.org", offprint.RoleReader)
	v := si.signedIn(eve)
	if a := v.get("/for-you"); a.status != 200 || !strings.Contains(a.body, "/for-you/start") {
		t.Fatalf("for a new reader: status %d", a.status)
	}
	// Ten questions at most, and then the front page is in order for the reader.
	page := v.get("/for-you/start")
	hidden := regexp.MustCompile(`name="a" value="([^"]*)"`)
	pick := regexp.MustCompile(`name="pick" value="([^"]*)"`)
	for n := 0; ; n++ {
		m := hidden.FindStringSubmatch(page.body)
		if m == nil {
			break
		}
		if n == rank.MaxQuestions {
			t.Fatal("the questions do not end")
		}
		form := url.Values{"a": {m[1]}}
		for i, p := range pick.FindAllStringSubmatch(page.body, -1) {
			if i%3 == 0 {
				form.Add("pick", p[1])
			}
		}
		page = v.do(http.MethodPost, "/for-you/start", form)
	}
	if page.status != 200 || !strings.Contains(page.body, "in order for you") || !strings.Contains(page.body, `class="why"`) {
		t.Errorf("after the questions: status %d, %.300s", page.status, page.body)
	}
	r, err := si.store.Reader(t.Context(), eve.ID)
	if err != nil || r.Settings.Sort != offprint.SortForYou {
		t.Errorf("the reader's order is %q, %v", r.Settings.Sort, err)
	}
	saved, err := si.store.Papers(t.Context(), offprint.PaperQuery{ReaderID: eve.ID, Shelf: offprint.MarkSave})
	if err != nil || len(saved.Items) == 0 {
		t.Errorf("%d papers are saved, %v", len(saved.Items), err)
	}
	for _, bad := range []string{"x", "1", "1y.", "0y", "-1n", strings.Repeat("1y.", 60) + "2y", "1s"} {
		if a := v.get("/for-you/start?a=" + url.QueryEscape(bad)); a.status != 400 {
			t.Errorf("answers %.20q: status %d", bad, a.status)
		}
	}
	if a := v.post("/for-you/start", "pick", "nothing-that-was-asked", "enough", "1"); a.status != 200 {
		t.Errorf("a strange pick: status %d", a.status)
	}

	key := saved.Items[0].Key
	v.post("/paper/"+key+"/tags", "tags", "reading list")
	for path, want := range map[string]string{
		"/for-you?period=month":    `class="why"`,
		"/tag/reading-list":        "More for reading-list",
		"/topics":                  `class="topics"`,
		"/learned":                 "have come to mean alike",
		"/paper/" + key:            `id="related"`,
		"/search?q=similar:" + key: `class="papers"`,
		"/?sort=for-you":           `class="why"`,
		"/author/" + url.PathEscape(saved.Items[0].Authors[0]): "Wrote with",
	} {
		if a := v.get(path); a.status != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s: status %d, without %s", path, a.status, want)
		}
	}
	for _, path := range []string{"/tag/unused", "/topic/none", "/search?q=similar:nothing"} {
		if a := v.get(path); a.status != 404 {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
	if a := si.visitor().get("/for-you"); !strings.Contains(a.body, "Sign in") {
		t.Errorf("for nobody: status %d", a.status)
	}
}

// TestNothingLearned has the same pages say what is missing.
func TestNothingLearned(t *testing.T) {
	si := newSite(t, nil)
	v := si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	for _, path := range []string{"/for-you", "/for-you/start", "/topics", "/learned", "/tag/x"} {
		if a := v.get(path); a.status != 404 || !strings.Contains(a.body, "offprint train") {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
	if a := v.get("/"); a.status != 200 || strings.Contains(a.body, `href="/topics"`) {
		t.Errorf("the front page: status %d", a.status)
	}
}
