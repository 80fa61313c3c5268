package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func TestOwnerLink(t *testing.T) {
	si := newSite(t, nil)
	link := si.link("/owner/", offprint.Token{Purpose: offprint.PurposeOwner, Role: offprint.RoleOwner})
	v := si.visitor()
	v.want(v.get(link), 200, "This Offprint is yours")
	v.want(v.get(link), 200) // looking does not use it up
	v.want(v.post(link, "name", " "), 400, "A name is needed")
	v.want(v.post(link, "name", "Ada", "zone", "Mars/Olympus"), 400, "not a time zone", `value="Ada"`)
	v.want(v.post(link, "name", "Ada  Lovelace", "zone", "Europe/London"), 200, "Welcome, Ada Lovelace")
	v.want(v.get("/settings"), 200, "Ada Lovelace", "Europe/London")

	other := si.visitor()
	other.want(other.get(link), 404, "used already")
	other.want(other.post(link, "name", "Eve"), 404)
	second := si.link("/owner/", offprint.Token{Purpose: offprint.PurposeOwner})
	other.want(other.post(second, "name", "Eve"), 409, "has an owner already")

	readers, err := si.store.Readers(t.Context())
	if err != nil || len(readers) != 1 || readers[0].Role != offprint.RoleOwner {
		t.Errorf("readers: %+v, %v", readers, err)
	}
	// An owner without an address signs in by a link from the command line.
	v2 := si.visitor()
	v2.want(v2.post(si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn})), 200, "Ada Lovelace")
}

func TestSignIn(t *testing.T) {
	si := newSite(t, nil)
	si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v := si.visitor()
	v.want(v.get("/settings"), 200, "Send me a link")
	known := v.want(v.post("/sign-in", "email", " Ada@Example.org ", "next", "/settings/account"), 200, "Look in your inbox")
	m := si.mail()
	if m.to != "ada@example.org" || !strings.HasPrefix(m.link, si.url+"/sign-in/") {
		t.Fatalf("mailed %+v", m)
	}
	unknown := v.want(v.post("/sign-in", "email", "nobody@example.org"), 200)
	if known.body != unknown.body || known.path != unknown.path {
		t.Errorf("the answers differ for known and unknown addresses")
	}
	v.want(v.post("/sign-in", "email", "no address"), 400, "not a mail address")

	link := strings.TrimPrefix(m.link, si.url)
	page := v.want(v.get(link), 200, "Ada (ada@example.org)")
	if got := page.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control %q", got)
	}
	if v.cookie() != "" {
		t.Error("there is a session before signing in")
	}
	path, query, _ := strings.Cut(link, "?")
	next, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	a := v.want(v.post(path, "next", next.Get("next")), 200, "Where you are signed in", "Firefox on Linux")
	if a.path != "/settings/account" {
		t.Errorf("came to %s", a.path)
	}
	v.want(v.post(path), 404, "used already")

	v.want(v.post("/sign-out"), 200, "Sign in")
	if a := v.get("/settings"); !strings.HasPrefix(a.path, "/sign-in") {
		t.Errorf("after signing out, /settings is %s", a.path)
	}
	select {
	case m := <-si.mails:
		t.Errorf("an unknown address was mailed: %+v", m)
	default:
	}
}

// A session's token that somebody else may have planted is worth nothing after
// signing in.
func TestSessionFixation(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	eve := si.reader("Eve", "eve@example.org", offprint.RoleReader)
	v := si.signedIn(eve)
	planted := v.cookie()
	link := si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: ada.Email})
	v.want(v.post(link), 200, "Ada")
	if v.cookie() == planted {
		t.Fatal("the token is the same after signing in")
	}
	attacker := si.visitor()
	attacker.header.Set("Cookie", "offprint="+planted)
	if a := attacker.get("/settings"); !strings.HasPrefix(a.path, "/sign-in") {
		t.Errorf("the planted token opens %s", a.path)
	}
}

func TestSignInLinkExpires(t *testing.T) {
	si := newSite(t, nil)
	si.reader("Ada", "ada@example.org", offprint.RoleReader)
	start := time.Now()
	si.server.now = func() time.Time { return start.Add(-31 * time.Minute) }
	link, err := si.server.newLink(t.Context(), "/sign-in/", signInValid, offprint.Token{Purpose: offprint.PurposeSignIn, Email: "ada@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	si.server.now = time.Now
	v := si.visitor()
	v.want(v.post(strings.TrimPrefix(link, si.url)), 404, "too old")
}

func TestLinkIsForItsPurpose(t *testing.T) {
	si := newSite(t, nil)
	si.reader("Ada", "ada@example.org", offprint.RoleReader)
	invite := si.link("/x/", offprint.Token{Purpose: offprint.PurposeInvite, Role: offprint.RoleReader})
	secret := strings.TrimPrefix(invite, "/x/")
	v := si.visitor()
	v.want(v.post("/sign-in/"+secret), 404)
	v.want(v.post("/owner/"+secret, "name", "Eve"), 404)
	v.want(v.get("/invite/"+secret), 200, "Welcome to Offprint") // and it is not used up
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example"} {
		v := si.visitor()
		v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a := v.want(v.post(si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: ada.Email}), "next", next), 303)
		if got := a.header.Get("Location"); got != "/" {
			t.Errorf("next %q leads to %q", next, got)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "/a?b=c#d", "//x", `/\x`, "http://x", "/%0d%0aX: y", "/a//b", "\x00/", "/.//x", "/..//x"} {
		f.Add(s)
	}
	base, err := url.Parse("https://papers.example.org/page")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := localPath(s, "/fallback")
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("localPath(%q) = %q, which leads to %v (%v)", s, got, u, err)
		}
	})
}

func TestNoMail(t *testing.T) {
	si := newSite(t, func(c *Config) { c.SendSignIn = nil })
	v := si.visitor()
	v.want(v.get("/sign-in"), 200, "No mail is set up", "offprint sign-in", "offprint invite")
	v.want(v.post("/sign-in", "email", "ada@example.org"), 400, "No mail is set up")
	v.want(v.get("/subscribe"), 200, "No mail is set up")
}

func TestMailIsNotFlooded(t *testing.T) {
	si := newSite(t, nil)
	v := si.visitor()
	for range mailsBurst {
		v.want(v.post("/sign-in", "email", "ada@example.org"), 200)
	}
	a := v.want(v.post("/sign-in", "email", "ada@example.org"), 429)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	v.want(v.post("/sign-in", "email", "eve@example.org"), 200)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	si := newSite(t, func(c *Config) { c.TrustedProxies = nil })
	v := si.visitor()
	for range actsBurst {
		v.want(v.get("/sign-in/"+offprint.NewSecret()), 404)
	}
	v.want(v.get("/sign-in/"+offprint.NewSecret()), 429)
}

func TestOpenSignUp(t *testing.T) {
	si := newSite(t, func(c *Config) { c.SignUp = SignUpOpen })
	v := si.visitor()
	v.want(v.get("/sign-up"), 200, "If you are new here")
	v.want(v.post("/sign-in", "email", "new@example.org"), 200)
	m := si.mail()
	link := strings.TrimPrefix(m.link, si.url)
	if m.to != "new@example.org" || !strings.HasPrefix(link, "/invite/") {
		t.Fatalf("mailed %+v", m)
	}
	v.want(v.get(link), 200, "new@example.org")
	// The address is the link's, whatever the form says.
	v.want(v.post(link, "name", "Newton", "email", "other@example.org"), 200, "Welcome, Newton")
	r, err := si.store.ReaderByEmail(t.Context(), "new@example.org")
	if err != nil || r.Name != "Newton" || r.Role != offprint.RoleReader {
		t.Errorf("reader %+v, %v", r, err)
	}
}

func TestPrivatePagesLetSignInThrough(t *testing.T) {
	si := newSite(t, func(c *Config) { c.Private = true })
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v := si.visitor()
	if a := v.want(v.get("/founding"), 200); !strings.HasPrefix(a.path, "/sign-in?next=%2Ffounding") {
		t.Errorf("/founding leads to %s", a.path)
	}
	v.want(v.get("/sources"), 200, "Send me a link")
	si.signedIn(ada).get("/sources")
}

// patterns are the addresses that a group of routes answers.
func patterns(route func(func(string, handlerFunc))) (all []string) {
	route(func(p string, _ handlerFunc) { all = append(all, p) })
	return all
}

func (si *site) patterns() []string {
	s := si.server
	return append(append(patterns(s.routeAccount), patterns(s.routeDigest)...), patterns(s.routeSources)...)
}

// Every form is refused when another site sends it, but for unsubscribing.
func TestOtherSitesCannotPost(t *testing.T) {
	si := newSite(t, nil)
	v := si.signedIn(si.reader("Ada", "ada@example.org", offprint.RoleOwner))
	for _, site := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}} {
		for k, vs := range site {
			v.header[k] = vs
		}
		for _, p := range si.patterns() {
			path, ok := strings.CutPrefix(p, "POST ")
			if !ok {
				continue
			}
			path = strings.NewReplacer("{secret}", "x", "{id}", "1").Replace(path)
			want := 403
			if strings.HasPrefix(path, "/digest/unsubscribe/") {
				want = 404 // let through: the secret is the proof
			}
			v.want(v.post(path), want)
		}
		for k := range site {
			delete(v.header, k)
		}
	}
	v.want(v.get("/settings"), 200, "Ada")
}

// Strangers get at no settings, readers at none of the owner's, programs at
// none at all, and no cache keeps any.
func TestSettingsAreGuarded(t *testing.T) {
	si := newSite(t, nil)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	secret := offprint.NewSecret()
	if err := si.store.CreateAPIToken(t.Context(), &offprint.APIToken{ReaderID: ada.ID, Name: "t", Write: true, Hash: offprint.HashSecret(secret)}); err != nil {
		t.Fatal(err)
	}
	reader, stranger, program := si.signedIn(ada), si.visitor(), si.visitor()
	program.header.Set("Authorization", "Bearer "+secret)
	stranger.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, p := range si.patterns() {
		method, path, _ := strings.Cut(p, " ")
		path = strings.NewReplacer("{secret}", "x", "{id}", "1").Replace(path)
		ofOwner := strings.HasPrefix(path, "/settings/readers") || strings.HasPrefix(path, "/settings/invitations") || strings.HasPrefix(path, "/settings/reports") ||
			strings.HasPrefix(path, "/sources/")
		if !strings.HasPrefix(path, "/settings") && !ofOwner {
			continue
		}
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
		}
		a := stranger.do(method, path, form)
		if method == http.MethodPost && a.status != 401 || method == http.MethodGet && (a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/sign-in?next=")) {
			t.Errorf("%s: a stranger gets %d", p, a.status)
		}
		if cc := a.header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
			t.Errorf("%s: Cache-Control %q", p, cc)
		}
		if a := program.do(method, path, form); a.status != 403 {
			t.Errorf("%s: a program gets %d", p, a.status)
		}
		if ofOwner {
			if a := reader.do(method, path, form); a.status != 403 {
				t.Errorf("%s: a reader gets %d", p, a.status)
			}
		}
	}
}

func TestBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0":               "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                   "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"": "An unknown browser", "curl/8.5.0": "An unknown browser", "<script>alert(1)</script>": "An unknown browser",
	} {
		if got := browser(agent); got != want {
			t.Errorf("browser(%q) = %q, want %q", agent, got, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Ada": "Ada", "  Ada \t Lovelace\n": "Ada Lovelace", "Ada\u202eevil": "Ada evil", "Zoë": "Zoë", "\xffAda": "Ada",
		"": "", "\u200b": "", strings.Repeat("a", 61): "",
	} {
		got, err := cleanName(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("cleanName(%q) = %q, %v", in, got, err)
		}
	}
}
