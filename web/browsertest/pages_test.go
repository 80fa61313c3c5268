package browsertest

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine/enginetest"
)

// TestBrowser runs everything in one browser, against one site.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser test takes a minute")
	}
	browser := newBrowser(t)
	axe, err := os.ReadFile(filepath.Join("..", "extras", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Log("axe-core is absent, so accessibility goes unchecked: npm ci --prefix web/extras")
	}
	si := newSite(t, false)
	for _, test := range []struct {
		name string
		run  func(*tab)
	}{
		{"Mathematics", testMathematics},
		{"HostileText", testHostileText},
		{"Keys", testKeys},
		{"Votes", testVotes},
		{"PaperPage", testPaperPage},
		{"WithoutScript", testWithoutScript},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(si.newTab(browser, t, string(axe))) })
	}
	t.Run("Learned", func(t *testing.T) {
		t.Parallel()
		si := newSite(t, true)
		tb := si.newTab(browser, t, string(axe))
		tb.signIn(si.olga)
		for _, path := range learnedPages(si) {
			tb.check(path)
		}
	})
	for name, paths := range pages(si) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := si.newTab(browser, t, string(axe))
			if name != "SignedOut" {
				tb.signIn(si.olga)
			}
			for _, path := range paths {
				tb.check(path)
			}
		})
	}
}

// pages are the addresses of all pages, in groups. All but the last are the
// owner's, who has the most on them.
func pages(si *site) map[string][]string {
	return map[string][]string{
		"Lists": {
			"/", "/day/2025-03-12", "/day/2025-03-12?sort=votes", "/day/2024-01-01", "/week/2025-W11", "/month/2025-03",
			"/search", "/search?q=retrieval", "/search?q=nothinglikethis", "/search?q=cat%3A", "/search?q=donau*",
			"/categories", "/category/cs.CL", "/author/Ada%20Lovelace", "/authors", "/authors?q=zzz", "/founding",
		},
		"Papers": {
			"/paper/" + plainKey, "/paper/" + mathKey, "/paper/" + hostileKey, "/paper/" + brokenKey, "/paper/" + crowdKey, "/paper/" + longKey, "/paper/" + rtlKey, "/paper/" + bareKey,
			"/paper/2205.13147", // founding, and in the lab
			"/comment/" + id(si.comment) + "/edit", "/comment/" + id(si.otherComment) + "/report",
			"/nothing", "/day/tomorrow", "/paper/unknown",
		},
		"Library": {
			"/library", "/library?shelf=read", "/library?shelf=voted", "/library?shelf=noted", "/library?shelf=hidden",
			"/library?tags=to-cite", "/library?tags=to-cite+and+not+survey", "/library?tags=and", "/submit",
		},
		"Settings": {
			"/settings", "/settings/searches", "/settings/mail", "/settings/programs", "/settings/account", "/settings/readers", "/settings/reports",
			"/sources", "/subscribe", "/subscribe?query=retrieval", "/digest/manage/" + si.digest, "/digest/confirm/" + si.digest, "/digest/unsubscribe/" + si.digest,
			"/feeds", "/help", "/api/v1/docs",
		},
		"Lab": {
			"/lab", "/lab/" + labSlug, "/lab/corda", "/lab/source/" + labSlug, "/lab/reports/" + si.report, "/lab/reports/" + si.broken,
			"/lab/compare/" + labSlug + "?before=" + si.broken + "&after=" + si.report, "/lab/jobs/" + si.job,
		},
		"SignedOut": {
			"/", "/paper/" + mathKey, "/search?q=retrieval", "/library", "/lab", "/lab/" + labSlug, "/sources", "/subscribe", "/subscribe/sent",
			"/sign-in", "/sign-in/sent", "/sign-in/goodbye", "/sign-in/used-already",
			si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: si.olga.Email}),
			si.link("/invite/", offprint.Token{Purpose: offprint.PurposeInvite, Role: offprint.RoleReader}),
		},
	}
}

// learnedPages are those that need an engine, and those that it adds something to.
func learnedPages(si *site) []string {
	paper := enginetest.Papers(1000)[999]
	si.must(si.engine.Sync(si.Context()))
	p, err := si.store.Paper(si.Context(), paper.ArXivID)
	si.must(err)
	_, err = si.store.SetMark(si.Context(), si.olga.ID, p.ID, offprint.MarkVote, true, time.Now())
	si.must(err)
	return []string{
		"/", "/?sort=for-you", "/for-you", "/for-you?period=month", "/for-you/start", "/tag/to-cite", "/tag/unused",
		"/topics", "/topic/" + si.engine.Topics()[0].Slug, "/topic/none", "/learned",
		"/paper/" + p.Key, "/author/" + url.PathEscape(p.Authors[0]), "/search?q=similar:" + p.Key, "/search?q=gimelaa", "/search?q=similar:none",
	}
}
