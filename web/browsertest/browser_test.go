// Package browsertest looks at Offprint's pages with a real browser: whether
// everybody can use them, whether they load nothing from elsewhere and keep to
// their own content security policy, and whether they do what they say, with
// and without script.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/offprint/offprint"
)

// patience is how long a page may take to do something. Nothing is measured
// against it; only what never happens reaches it.
const patience = 2 * time.Minute

// newBrowser starts Chromium, or skips the test where it is absent.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium: install Debian's chromium package, or run make deps as root")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(t.TempDir()),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// tab is somebody's view of the site: a page with cookies of its own.
type tab struct {
	*testing.T
	site   *site
	ctx    context.Context
	axe    string // source of axe-core; empty where it is absent
	mu     sync.Mutex
	faults []string // what the browser complained of
}

// watch is run in each page before its own script.
const watch = `window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));`

// newTab opens a page, as somebody who is not signed in.
func (si *site) newTab(browser context.Context, t *testing.T, axe string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tb := &tab{T: t, site: si, ctx: ctx, axe: axe}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, tb.notice); err != nil {
		t.Fatal(err)
	}
	call(tb, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	tb.look(1280, "light")
	return tb
}

// call sends the page a command of the DevTools protocol.
func call[P, R any](tb *tab, cmd cdp.Command[P, R], params P) R {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, cmd, params)
	if err != nil {
		tb.Fatalf("%s: %v", cmd.Method, err)
	}
	return r
}

// notice records what must not happen on any page.
func (tb *tab) notice(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		tb.fault("exception: %s %s", e.ExceptionDetails.Text, describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, a := range e.Args {
				tb.fault("console: %s %s", a.Value, a.Description)
			}
		}
	case *log.EventEntryAdded:
		// That a page is itself a 404 is logged as well, and meant.
		if e.Entry.Level != log.EntryLevelVerbose && e.Entry.Level != log.EntryLevelInfo && e.Entry.Source != log.EntrySourceNetwork {
			tb.fault("log: %s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != tb.site.url {
			tb.fault("request to %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument {
			tb.fault("%d for %s", e.Response.Status, e.Response.URL)
		}
	case *page.EventJavascriptDialogOpening:
		tb.fault("dialog: %s", e.Message)
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return o.Description
}

func (tb *tab) fault(format string, args ...any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	if f := fmt.Sprintf(format, args...); !slices.Contains(tb.faults, f) {
		tb.faults = append(tb.faults, f)
	}
}

// blameless fails the test for what the browser has complained of since the
// last time.
func (tb *tab) blameless(what string) {
	tb.Helper()
	for _, v := range eval[[]string](tb, "[...new Set(window.violations)]") {
		tb.Errorf("%s: policy violated: %s", what, v)
	}
	if eval[bool](tb, "window.pwned !== undefined || document.getElementById('pwned') !== null") {
		tb.Errorf("%s: hostile text has become part of the page", what)
	}
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for _, f := range tb.faults {
		tb.Errorf("%s: %.400s", what, f)
	}
	tb.faults = nil
}

// look sets the width of the window, in CSS pixels, and the colour scheme.
func (tb *tab) look(width int64, scheme string) {
	tb.Helper()
	call(tb, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

var visits atomic.Int64

// open goes to a page. Each visit comes from an address of its own, so that
// limits on how often somebody may do something stay out of the way.
func (tb *tab) open(path string) {
	tb.Helper()
	n := visits.Add(1)
	call(tb, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": fmt.Sprintf("10.0.%d.%d", n>>8&255, n&255)}})
	tb.do(chromedp.Navigate(tb.site.url + path))
}

// do runs actions in the page.
func (tb *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		tb.Fatal(err)
	}
}

// follow clicks on something that leads to another page, and waits for that.
func (tb *tab) follow(selector string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		tb.Fatalf("follow %s: %v", selector, err)
	}
}

// eval returns the value of a JavaScript expression in the page.
func eval[T any](tb *tab, js string) T {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.Fatalf("%.200s: %v", js, err)
	}
	return v
}

// until waits until a JavaScript expression is true. The page may go away
// meanwhile.
func (tb *tab) until(js string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	for {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js)); err == nil && ok {
			return
		} else if ctx.Err() != nil {
			tb.Fatalf("never true: %s (%v)", js, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// want fails the test unless a JavaScript expression has the value.
func want[T comparable](tb *tab, js string, value T) {
	tb.Helper()
	if got := eval[T](tb, js); got != value {
		tb.Errorf("%s is %v, want %v", js, got, value)
	}
}

// press types keys that have a character. As on a keyboard, a character that
// the page does not want never reaches a field.
func (tb *tab) press(keys string) {
	tb.Helper()
	for _, r := range keys {
		key := string(r)
		call(tb, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key, UnmodifiedText: key})
		call(tb, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
	}
}

// script switches the page's JavaScript on or off, from the next page on.
func (tb *tab) script(on bool) {
	tb.Helper()
	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// signIn signs in as a reader, by the link and the button behind it.
func (tb *tab) signIn(r *offprint.Reader) {
	tb.Helper()
	tb.open(tb.site.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: r.Email}))
	tb.follow("main .button")
	want(tb, `document.querySelector(".account").textContent.trim()`, r.Name)
}

// screenshot keeps a picture of the page in the folder that
// OFFPRINT_SCREENSHOTS names, if it is set.
func (tb *tab) screenshot(name string, width int64) {
	dir := os.Getenv("OFFPRINT_SCREENSHOTS")
	if dir == "" {
		return
	}
	tb.Helper()
	yes, m := true, call(tb, page.GetLayoutMetrics, cdp.Empty{})
	shot := call(tb, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &yes, Clip: &page.Viewport{Width: float64(width), Height: min(m.CSSContentSize.Height, 3000), Scale: 1},
	})
	name = strings.NewReplacer("/", "_", "?", "_", "&", "_", "%", "_").Replace(strings.Trim(name, "/"))
	if err := os.WriteFile(fmt.Sprintf("%s/%s-%d.png", dir, name, width), shot.Data, 0o600); err != nil {
		tb.Fatal(err)
	}
}
