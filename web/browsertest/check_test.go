package browsertest

import (
	"strconv"
	"strings"
)

func id(n int64) string { return strconv.FormatInt(n, 10) }

// check looks at a page on a phone and on a desk, by day and by night.
func (tb *tab) check(path string) {
	tb.Helper()
	tb.look(390, "light")
	tb.open(path)
	want(tb, "document.querySelectorAll('main').length", 1)
	want(tb, "document.documentElement.lang", "en")
	tb.reachable(path)
	tb.fits(path, 390)
	tb.accessible(path, everything)
	tb.screenshot(path, 390)
	tb.look(390, "dark")
	tb.accessible(path+" in the dark", contrast)
	tb.look(1280, "dark")
	tb.accessible(path+", wide and in the dark", contrast)
	tb.look(1280, "light")
	tb.accessible(path+", wide", contrastAndSize)
	tb.screenshot(path, 1280)
	tb.look(320, "light") // what 1280 is when it is enlarged fourfold
	tb.fits(path, 320)
	tb.blameless(path)
}

// fits fails the test if the page has to be scrolled sideways.
func (tb *tab) fits(path string, width int) {
	tb.Helper()
	eval[any](tb, "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))") // for what follows the width
	if wide := eval[[]string](tb, tooWide); len(wide) > 0 {
		tb.Errorf("%s at %d px scrolls sideways: %s", path, width, strings.Join(wide, ", "))
	}
}

// tooWide names the elements that make a page wider than its window.
const tooWide = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width && width <= screen.width) return [];
	const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > Math.min(width, screen.width) + 1 && !e.closest(".sr, .scroll, pre"));
	return ["page of " + document.documentElement.scrollWidth].concat(wide.slice(0, 8).map((e) => e.tagName + "." + e.className + " to " + e.getBoundingClientRect().right));
})()`

// reachable fails the test if something that can be clicked cannot be focused.
func (tb *tab) reachable(path string) {
	tb.Helper()
	for _, e := range eval[[]string](tb, `[...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((e) => {
		if (!e.checkVisibility() || e.disabled || e.type === "hidden") return false;
		e.focus();
		return document.activeElement !== e || e.tabIndex < 0;
	}).map((e) => e.outerHTML.slice(0, 200))`) {
		tb.Errorf("%s: out of the keyboard's reach: %s", path, e)
	}
	eval[any](tb, "document.activeElement.blur(), scrollTo(0, 0)")
}

// Options of axe-core. What a page is made of is checked once, what depends on
// its width and colours each time.
const (
	everything      = `{resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}`
	contrast        = `{resultTypes: ["violations"], runOnly: ["color-contrast"]}`
	contrastAndSize = `{resultTypes: ["violations"], runOnly: ["color-contrast", "target-size"], rules: {"target-size": {enabled: true}}}`
)

// accessible fails the test for what axe-core finds wrong with the page.
func (tb *tab) accessible(what, options string) {
	tb.Helper()
	if tb.axe == "" {
		return
	}
	if !eval[bool](tb, "'axe' in window") {
		eval[any](tb, tb.axe+"; 0")
	}
	type violation struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	for _, v := range eval[[]violation](tb, `axe.run(document, `+options+`).then((r) => r.violations)`) {
		tb.Errorf("%s: %s: %s (%d times), such as %.300s\n%s", what, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
	}
}
