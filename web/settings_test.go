package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint"
)

func TestReadingSettings(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	if _, err := si.store.PutPapers(t.Context(), []offprint.Paper{{ArXivID: "2503.00001", Title: "On Engines", Authors: []string{"Ada Lovelace"}, Categories: []string{"cs.CL", "cs.AI"}, Listed: offprint.NewDate(2025, 3, 1)}}); err != nil {
		t.Fatal(err)
	}
	v := si.signedIn(ada)
	v.want(v.get("/settings"), 200, `name="cat.cs.CL"`, `name="cat.cs.AI"`)
	v.want(v.post("/settings", "cat.cs.CL", "+", "cat.cs.AI", "-", "cat.cs.CV", "", "others", "math.st, -physics", "zone", "Asia/Tokyo", "sort", "votes", "theme", "dark", "dense", "1"),
		200, "Saved.", `data-theme="dark"`, `name="cat.math.ST" value="+" checked`, `name="cat.physics" value="-" checked`)
	r, err := si.store.Reader(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := offprint.Settings{Categories: []string{"cs.CL", "math.ST"}, NotCats: []string{"cs.AI", "physics"}, TimeZone: "Asia/Tokyo", Sort: offprint.SortVotes, Theme: "dark", Dense: true}
	if got := r.Settings; !slices.Equal(got.Categories, want.Categories) || !slices.Equal(got.NotCats, want.NotCats) || got.TimeZone != want.TimeZone || got.Sort != want.Sort || got.Theme != want.Theme || !got.Dense {
		t.Errorf("settings %+v, want %+v", got, want)
	}
	for _, bad := range [][]string{{"zone", "Local"}, {"zone", "../etc/passwd"}, {"sort", "relevance"}, {"sort", "x"}, {"theme", "x"}, {"others", "a\"b"}, {"cat.a\" x:\"", "+"}, {"others", strings.Repeat("x ", 300)}} {
		v.want(v.post("/settings", bad...), 400)
	}
	v.want(v.post("/settings", "others", strings.Repeat("x", 2<<20)), 413)
}

func TestSignedCategories(t *testing.T) {
	yes, no, err := signedCategories([]string{"+cs.cl", "stat.ML", "-cs.CV", "-stat.ml", "cs.CV", "+Machine Learning"})
	if err != nil || !slices.Equal(yes, []string{"cs.CL", "cs.CV", "Machine Learning"}) || !slices.Equal(no, []string{"stat.ML"}) {
		t.Errorf("%v, %v, %v", yes, no, err)
	}
}

func TestSessions(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	eve := si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	laptop, phone, tablet := si.signedIn(ada), si.signedIn(ada), si.signedIn(ada)
	signedIn := func(v *visitor) bool { v.Helper(); return v.get("/settings").path == "/settings" }

	page := laptop.want(laptop.get("/settings/account"), 200, "this one", "End all others")
	if n := strings.Count(page.body, "Firefox on Linux"); n != 3 {
		t.Fatalf("%d sessions are listed, want 3", n)
	}
	// A session of somebody else's cannot be ended.
	id := eve.between(eve.get("/settings/account"), `name="id" value="`, `"`)
	laptop.post("/settings/sessions/end", "id", id)
	if !signedIn(eve) {
		t.Fatal("Ada could end Eve's session")
	}
	id = phone.between(phone.get("/settings/account"), `<span class="chip">this one</span>`, `Sign out`)
	_, id, _ = strings.Cut(id, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	laptop.want(laptop.post("/settings/sessions/end", "id", id), 200, "Ended.")
	if signedIn(phone) || !signedIn(tablet) || !signedIn(laptop) {
		t.Error("not exactly the phone is signed out")
	}
	laptop.want(laptop.post("/settings/sessions/end", "id", "others"), 200)
	if signedIn(tablet) || !signedIn(laptop) || !signedIn(eve) {
		t.Error("not exactly the others are signed out")
	}
	laptop.want(laptop.post("/settings/sessions/end"), 400)
}

func TestChangeAddress(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	eve := si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	v := si.signedIn(ada)
	taken := v.want(v.post("/settings/address", "email", "eve@example.org"), 200, "on its way to eve@example.org")
	free := v.want(v.post("/settings/address", "email", "lady@example.org"), 200, "on its way to lady@example.org")
	if strings.ReplaceAll(taken.body, "eve@", "lady@") != free.body {
		t.Error("the answers tell which address has an account")
	}
	m := si.mail()
	if m.to != "lady@example.org" {
		t.Fatalf("mailed %+v", m)
	}
	link := strings.TrimPrefix(m.link, si.url)
	eve.want(eve.get(link), 403, "another account")
	eve.want(eve.post(link), 403)
	v.want(v.get(link), 200, "lady@example.org")
	v.want(v.post(link), 200, "Your address is now lady@example.org")
	if r, err := si.store.Reader(t.Context(), ada.ID); err != nil || r.Email != "lady@example.org" {
		t.Errorf("reader %+v, %v", r, err)
	}
	v.want(v.post(link), 404)
	v.want(v.post("/settings/name", "name", "Countess"), 200, "Countess")
	v.want(v.post("/settings/name", "name", ""), 400)
}

func TestExportAndDelete(t *testing.T) {
	si := newSite(t, nil)
	owner := si.signedIn(si.reader("Olga", "olga@example.org", offprint.RoleOwner))
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v, elsewhere := si.signedIn(ada), si.signedIn(ada)
	v.want(v.post("/settings/searches", "query", "retrieval cat:cs.CL", "name", "RAG"), 200, "RAG")
	a := v.want(v.get("/settings/export"), 200)
	var data offprint.ReaderData
	if err := json.Unmarshal([]byte(a.body), &data); err != nil {
		t.Fatal(err)
	}
	if data.Reader.Email != "ada@example.org" || len(data.Searches) != 1 || data.Searches[0].Query != "retrieval cat:cs.CL" {
		t.Errorf("exported %+v", data)
	}
	if h := a.header; !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Errorf("header %v", h)
	}

	v.want(v.post("/settings/delete", "confirm", "ada"), 400, "type your name")
	v.want(v.post("/settings/delete", "confirm", " Ada "), 200, "Your account is deleted")
	if _, err := si.store.Reader(t.Context(), ada.ID); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("the reader is still there: %v", err)
	}
	for _, w := range []*visitor{v, elsewhere} {
		if a := w.get("/settings"); !strings.HasPrefix(a.path, "/sign-in") {
			t.Errorf("still signed in: %s", a.path)
		}
	}
	if a := owner.post("/settings/delete", "confirm", "Olga"); a.status < 400 || a.status >= 500 {
		t.Errorf("the last owner could go: %d", a.status)
	}
}

func TestSavedSearches(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v, eve := si.signedIn(ada), si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	v.want(v.post("/settings/searches", "query", " "), 400)
	v.want(v.post("/settings/searches", "query", "after:yesterday"), 400)
	v.want(v.post("/settings/searches", "query", `<script>alert("x")`), 200, "&lt;script&gt;")
	search := func() offprint.SavedSearch {
		t.Helper()
		all, err := si.store.SavedSearches(t.Context(), ada.ID)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0]
	}
	path := "/settings/searches/1"
	a := v.want(v.post(path, "name", "Mine", "feed", "1", "alert", "1"), 200, "/feed/search/")
	first := search()
	if first.Name != "Mine" || !first.Alert || len(first.Slug) < 40 || !strings.Contains(a.body, first.Slug) {
		t.Errorf("%+v", first)
	}
	v.want(v.post(path, "name", "Mine", "feed", "1"), 200)
	if got := search(); got.Slug != first.Slug || got.Alert {
		t.Errorf("%+v", got)
	}
	v.want(v.post(path, "name", "Mine"), 200)
	v.want(v.post(path, "name", "Mine", "feed", "1"), 200)
	if got := search(); got.Slug == first.Slug || got.Slug == "" {
		t.Errorf("a feed that was off has its old address again: %+v", got)
	}
	eve.want(eve.post(path, "name", "Stolen"), 404)
	if a := eve.post(path + "/delete"); a.status != 404 && a.status != 200 || search().Name != "Mine" {
		t.Error("Eve got at Ada's search")
	}
	v.want(v.post("/settings/searches/x"), 400)
	v.want(v.post(path+"/delete"), 200, "You keep no search yet")
}

func TestPublishedTags(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	if _, err := si.store.PutPapers(t.Context(), []offprint.Paper{{ArXivID: "2503.00001", Title: "On Engines", Authors: []string{"Ada Lovelace"}}}); err != nil {
		t.Fatal(err)
	}
	p, err := si.store.Paper(t.Context(), "2503.00001")
	if err != nil {
		t.Fatal(err)
	}
	if err := si.store.SetTags(t.Context(), ada.ID, p.ID, []string{"engines"}); err != nil {
		t.Fatal(err)
	}
	v := si.signedIn(ada)
	v.want(v.get("/settings/searches"), 200, "<option>engines</option>")
	v.want(v.post("/settings/tags/publish", "tag", "unknown"), 404)
	v.want(v.post("/settings/tags/publish", "tag", "Engines"), 200, "/feed/tag/", "has a feed now")
	v.want(v.post("/settings/tags/publish", "tag", "engines"), 200)
	v.want(v.post("/settings/tags/unpublish", "tag", "engines"), 200, "<option>engines</option>")
}

func TestAPITokens(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v, eve := si.signedIn(ada), si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	v.want(v.post("/settings/tokens", "name", ""), 400)
	a := v.want(v.post("/settings/tokens", "name", "my script"), 200, "shown this once")
	secret := v.between(a, `<p class="copy"><code>`, "</code>")
	if again := v.get("/settings/programs"); strings.Contains(again.body, secret) || !strings.Contains(again.body, "my script") {
		t.Error("the secret is shown again, or the token is not listed")
	}
	program := si.visitor()
	program.header.Set("Authorization", "Bearer "+secret)
	program.want(program.get("/library"), 200)
	program.want(program.post("/paper/x/mark", "mark", "vote"), 403, "may only read")

	tokens, err := si.store.APITokens(t.Context(), ada.ID)
	if err != nil || len(tokens) != 1 || tokens[0].Write {
		t.Fatalf("%+v, %v", tokens, err)
	}
	eve.post("/settings/tokens/1/delete")
	program.want(program.get("/library"), 200)
	v.want(v.post("/settings/tokens/1/delete"), 200, "Deleted")
	program.want(program.get("/library"), 401)
}

func TestWebhooks(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v, eve := si.signedIn(ada), si.signedIn(si.reader("Eve", "eve@example.org", offprint.RoleReader))
	for _, bad := range []string{"", "ftp://example.org", "https://", "javascript:alert(1)", "https://user:pw@example.org/", "https://example.org/" + strings.Repeat("x", 3000)} {
		v.want(v.post("/settings/webhooks", "url", bad, "event", "day"), 400)
	}
	v.want(v.post("/settings/webhooks", "url", "https://example.org/hook"), 400, "Choose what")
	v.want(v.post("/settings/webhooks", "url", "https://example.org/hook", "event", "day", "event", "alert"), 200, "https://example.org/hook", "new days and alerts")
	hooks, err := si.store.Webhooks(t.Context(), ada.ID)
	if err != nil || len(hooks) != 1 || len(hooks[0].Events) != 2 || hooks[0].Secret == "" {
		t.Fatalf("%+v, %v", hooks, err)
	}
	eve.want(eve.post("/settings/webhooks/1/test"), 404)
	eve.post("/settings/webhooks/1/delete")
	v.want(v.get("/settings/programs"), 200, hooks[0].Secret)
	v.want(v.post("/settings/webhooks/1/delete"), 200)
	if hooks, err := si.store.Webhooks(t.Context(), ada.ID); err != nil || len(hooks) != 0 {
		t.Errorf("%+v, %v", hooks, err)
	}
}

func TestInvitations(t *testing.T) {
	si := newSite(t, nil)
	owner := si.signedIn(si.reader("Olga", "olga@example.org", offprint.RoleOwner))
	owner.want(owner.post("/settings/invitations", "email", "olga@example.org"), 409)
	a := owner.want(owner.post("/settings/invitations", "email", "ada@example.org", "role", "reader"), 200, "mailed to ada@example.org")
	link := owner.between(a, `<p class="copy"><code>`, "</code>")
	if m := si.mail(); m.link != link || m.to != "ada@example.org" {
		t.Errorf("mailed %+v", m)
	}
	if again := owner.get("/settings/readers"); strings.Contains(again.body, link) {
		t.Error("the link is shown again")
	}
	v := si.visitor()
	path := strings.TrimPrefix(link, si.url)
	v.want(v.get(path), 200, "ada@example.org")
	v.want(v.post(path, "name", ""), 400)
	v.want(v.post(path, "name", "Ada"), 200, "Welcome, Ada")
	v.want(v.post(path, "name", "Ada"), 404)

	// One without an address asks for it, and one that is taken does not use it up.
	a = owner.want(owner.post("/settings/invitations", "role", "owner"), 200, "whoever has the link")
	path = strings.TrimPrefix(owner.between(a, `<p class="copy"><code>`, "</code>"), si.url)
	w := si.visitor()
	w.want(w.post(path, "name", "Eve"), 400, "not a mail address")
	w.want(w.post(path, "name", "Eve", "email", "ada@example.org"), 409, "sign in instead")
	w.want(w.post(path, "name", "Eve", "email", "eve@example.org"), 200, "Welcome, Eve")
	w.want(w.get("/settings/readers"), 200, "Olga", "Ada", "Eve")

	a = owner.want(owner.post("/settings/invitations"), 200)
	path = strings.TrimPrefix(owner.between(a, `<p class="copy"><code>`, "</code>"), si.url)
	id := owner.between(a, `name="id" value="`, `"`)
	owner.want(owner.post("/settings/invitations/revoke", "id", id), 200, "Revoked")
	w.want(w.get(path), 404)
	owner.want(owner.post("/settings/invitations/revoke", "id", "!"), 400)
}

func TestSuspend(t *testing.T) {
	si := newSite(t, nil)
	olga := si.reader("Olga", "olga@example.org", offprint.RoleOwner)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	owner, v := si.signedIn(olga), si.signedIn(ada)
	link := si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: ada.Email})
	owner.want(owner.post("/settings/readers/1", "do", "suspend"), 400, "yourself")
	owner.want(owner.post("/settings/readers/2", "do", "nothing"), 400)
	owner.want(owner.post("/settings/readers/2", "do", "suspend"), 200, "Ada is suspended")
	if a := v.get("/settings"); !strings.HasPrefix(a.path, "/sign-in") {
		t.Errorf("a suspended reader is at %s", a.path)
	}
	v.want(v.post(link), 403, "cannot sign in")
	v.want(v.post("/sign-in", "email", ada.Email), 200) // says nothing, and mails nothing
	owner.want(owner.post("/settings/readers/2", "do", "readmit"), 200)
	owner.want(owner.post("/settings/readers/2", "do", "owner"), 200, "Ada is an owner now")
	v = si.signedIn(ada)
	v.want(v.post("/settings/readers/1", "do", "reader"), 200, "ordinary reader")
	owner.want(owner.get("/settings/readers"), 403)
}

func TestReports(t *testing.T) {
	si := newSite(t, nil)
	olga := si.reader("Olga", "olga@example.org", offprint.RoleOwner)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	if _, err := si.store.PutPapers(t.Context(), []offprint.Paper{{ArXivID: "2503.00001", Title: "On Engines", Authors: []string{"Ada Lovelace"}}}); err != nil {
		t.Fatal(err)
	}
	p, err := si.store.Paper(t.Context(), "2503.00001")
	if err != nil {
		t.Fatal(err)
	}
	var comments []offprint.Comment
	for _, body := range []string{"Buy <b onclick=x>now</b>", "Quite harmless"} {
		c := offprint.Comment{PaperID: p.ID, ReaderID: ada.ID, Body: body}
		if err := si.store.CreateComment(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
		if err := si.store.ReportComment(t.Context(), c.ID, olga.ID, "spam"); err != nil {
			t.Fatal(err)
		}
		comments = append(comments, c)
	}
	owner := si.signedIn(olga)
	a := owner.want(owner.get("/settings/reports"), 200, "On Engines", "Quite harmless", "Ada", ">spam</p>")
	if strings.Contains(a.body, "onclick") {
		t.Error("a comment's HTML is not sanitised")
	}
	owner.want(owner.post("/settings/reports/1", "do", "delete"), 200, "The comment is deleted")
	owner.want(owner.post("/settings/reports/2", "do", "dismiss"), 200, "No comment is reported")
	if _, err := si.store.Comment(t.Context(), comments[1].ID); err != nil {
		t.Error(err)
	}
}

func TestSettingsPagesAreWhole(t *testing.T) {
	si := newSite(t, nil)
	v := si.signedIn(si.reader("Olga", "olga@example.org", offprint.RoleOwner))
	for _, p := range si.patterns() {
		path, ok := strings.CutPrefix(p, "GET ")
		if !ok || strings.Contains(path, "{") || path == "/settings/export" {
			continue
		}
		a := v.want(v.get(path), http.StatusOK, "</html>")
		for _, bad := range []string{"<no value>", "ZgotmplZ", "style=", "<script>", "%!"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
}
