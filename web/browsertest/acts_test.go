package browsertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// testMathematics looks at what Temml makes of formulas.
func testMathematics(tb *tab) {
	if _, err := os.Stat(filepath.Join("..", "static", "vendor", "temml.min.js")); err != nil {
		tb.Skip("Temml was not built in: make extras")
	}
	tb.open("/paper/" + mathKey)
	want(tb, "document.querySelectorAll('h1 math').length", 3)
	want(tb, "document.querySelectorAll('h1 math msqrt, .abstract math mfrac').length > 1", true)
	want(tb, "document.querySelectorAll('.math').length", eval[int](tb, "document.querySelectorAll('.math > math').length"))
	want(tb, "document.querySelector('.math math').namespaceURI", "http://www.w3.org/1998/Math/MathML")
	tb.blameless("a page with mathematics")

	tb.open("/")
	want(tb, "document.querySelectorAll('.papers math').length > 3", true)
	tb.blameless("a day with mathematics")

	// What is wrong stays as the server wrote it.
	tb.open("/paper/" + brokenKey)
	want(tb, "document.querySelector('h1').textContent.length > 5", true)
	tb.blameless("a page with broken mathematics")
}

// testHostileText looks for script and elements that came out of papers,
// comments and notes.
func testHostileText(tb *tab) {
	tb.signIn(tb.site.olga)
	for _, path := range []string{"/", "/paper/" + hostileKey, "/paper/" + mathKey, "/search?q=safe+sound", "/library", "/library?shelf=noted", "/author/%3Csvg%20onload=window.pwned=1%3E", "/lab/source/" + labSlug, "/settings/readers"} {
		tb.open(path)
		tb.blameless(path)
		want(tb, `document.querySelectorAll("script:not([src]), [onload], [onerror], main svg [onload], main img").length`, 0)
		want(tb, `[...document.querySelectorAll("a")].filter((a) => !/^https?:$/.test(a.protocol)).length`, 0)
	}
	tb.open("/paper/" + hostileKey)
	want(tb, `document.querySelector("h1").textContent.includes("<script>window.pwned=1</script>")`, true)
	want(tb, `document.title.includes("</title>")`, true)
	tb.open("/paper/" + rtlKey)
	want(tb, `/[\u0000-\u001f\u202a-\u202e\u2066-\u2069\u200b]/.test(document.querySelector("h1").textContent)`, false)
}

// testKeys presses the keys that lists have.
func testKeys(tb *tab) {
	const current = `document.querySelector(".paper.current").dataset.key`
	tb.signIn(tb.site.ada)
	tb.open("/day/2025-03-12")
	at := func(i int) string {
		return eval[string](tb, `document.querySelectorAll(".paper")[`+id(int64(i))+`].dataset.key`)
	}
	tb.press("j")
	want(tb, current, at(0))
	want(tb, `document.activeElement.closest(".paper").dataset.key`, at(0))
	tb.press("j")
	want(tb, current, at(1))
	tb.press("k")
	want(tb, current, at(0))
	tb.press("k") // there is none before
	want(tb, current, at(0))

	key := at(0)
	pressed := func(mark string) string {
		return `document.querySelector('[data-key="` + key + `"] button[value$=` + mark + `]').getAttribute("aria-pressed") === "true"`
	}
	for _, k := range []struct{ keystroke, mark string }{{"v", "vote"}, {"s", "save"}, {"r", "read"}, {"h", "hide"}} {
		tb.press(k.keystroke)
		tb.until(pressed(k.mark))
		if k.mark == "hide" {
			want(tb, `document.querySelector(".toast").textContent`, "Hidden. Press h again to bring it back.")
		}
		tb.press(k.keystroke)
		tb.until("!(" + pressed(k.mark) + ")")
	}

	tb.press("/")
	want(tb, "document.activeElement.id", "q")
	tb.press("jv") // typed into the field
	want(tb, "document.activeElement.value", "jv")
	tb.do(chromedp.KeyEvent(kb.Escape))
	want(tb, "document.activeElement === document.body", true)

	tb.press("?")
	tb.until("document.querySelector('dialog').open")
	tb.accessible("the keys", everything)
	tb.blameless("the keys")
	tb.screenshot("keys", 1280)
	tb.press("j") // not while the dialog is open
	want(tb, current, key)
	tb.do(chromedp.KeyEvent(kb.Escape))
	tb.until("document.querySelector('dialog') === null")

	tb.press("o")
	tb.until(`location.pathname === "/paper/` + key + `" && document.readyState === "complete"`)
	tb.press("s")
	tb.until(`document.querySelector("button[value=-save]") !== null`)
	tb.press("/")
	want(tb, "document.activeElement.id", "q")
	tb.blameless("the keys")
}

// testVotes has two readers vote for one paper.
func testVotes(tb *tab) {
	const votes = `document.querySelector(".vote .n").textContent`
	for i, r := range []struct {
		who  func()
		want string
	}{{func() { tb.signIn(tb.site.ada) }, "1"}, {func() { tb.signIn(tb.site.bob) }, "2"}} {
		r.who()
		tb.open("/paper/" + plainKey)
		tb.do(chromedp.Click(chromedp.CSS(".vote button")))
		tb.until(votes + `=== "` + r.want + `"`)
		want(tb, "document.activeElement.value", "-vote") // the focus stays
		tb.open("/paper/" + plainKey)
		want(tb, votes, r.want)
		want(tb, `document.querySelector(".vote button").getAttribute("aria-pressed")`, "true")
		if i == 0 {
			tb.open("/settings")
			tb.follow("form[action='/sign-out'] button")
		}
	}
	tb.open("/search?q=retrieval+stop")
	want(tb, `document.querySelector('[data-key="`+plainKey+`"] .vote .n').textContent`, "2")

	// Whoever has not signed in is asked to.
	tb.open("/settings")
	tb.follow("form[action='/sign-out'] button")
	tb.open("/paper/" + plainKey)
	want(tb, votes, "2")
	tb.do(chromedp.Click(chromedp.CSS(".vote button")))
	tb.until(`location.pathname === "/sign-in"`)
}

// testPaperPage copies a citation.
func testPaperPage(tb *tab) {
	tb.open("/paper/" + plainKey)
	want(tb, `document.querySelector(".cite").textContent.startsWith("@")`, true)
	want(tb, `[...document.querySelectorAll(".actions a")].map((a) => a.textContent).join("|")`, "arXiv:"+plainKey+"|PDF|doi:10.1000/stop.2025|Code|Data")
	tb.blameless("a paper")
}

// testWithoutScript does everything that needs a form with script switched off.
func testWithoutScript(tb *tab) {
	tb.script(false)
	tb.signIn(tb.site.bob)
	tb.open("/day/2025-03-11")
	key := eval[string](tb, `document.querySelectorAll(".paper")[2].dataset.key`)
	card := `[data-key="` + key + `"] `
	for _, mark := range []string{"vote", "save", "read"} {
		tb.follow(card + "button[value=" + mark + "]")
		want(tb, "location.pathname + location.hash", "/day/2025-03-11#p-"+key)
		want(tb, `document.querySelector('`+card+`button[value="-`+mark+`"]').getAttribute("aria-pressed")`, "true")
	}
	want(tb, `document.querySelector('`+card+`.n').textContent`, "1")

	paper := "/paper/" + key
	tb.follow(card + "a.open")
	want(tb, "location.pathname", paper)
	fill := func(selector, text string) {
		tb.Helper()
		tb.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(text))
	}
	fill("#tags", "read-later, Müller")
	tb.follow("form[action$='/tags'] button")
	want(tb, "document.querySelector('#tags').value", "müller, read-later")
	fill("#note", "Look *again*.")
	tb.follow("form[action$='/note'] button")
	want(tb, "document.querySelector('.note em').textContent", "again")
	fill("#body", "First **thought**.")
	tb.follow("form[action$='/comments'].panel button")
	want(tb, "document.querySelector('.comment strong + *, .comment .prose strong').textContent.length > 0", true)
	tb.do(chromedp.Click(chromedp.CSS(".reply summary")))
	fill(".reply textarea", "A second one.")
	tb.follow(".reply button")
	want(tb, "document.querySelectorAll('.comment .comment').length", 1)
	want(tb, "document.querySelector('#comments').textContent", "2 comments")

	fill("#q", "retrieval cat:cs.CL\r")
	tb.until(`location.pathname === "/search" && document.querySelector(".papers") !== null`)
	want(tb, "document.querySelectorAll('.papers mark').length > 0", true)
	fill("#name", " again")
	tb.follow("form[action='/settings/searches'] button")
	tb.open("/settings/searches")
	want(tb, "document.querySelectorAll('.item').length", 1)
	tb.open("/library?tags=read-later")
	want(tb, "document.querySelectorAll('.paper').length", 1)
	tb.open("/library")
	want(tb, "document.querySelectorAll('.paper').length", 1)
	tb.follow("form button[value=-save]")
	want(tb, "document.querySelectorAll('.paper').length", 0)
	tb.blameless("pages without script")
}
