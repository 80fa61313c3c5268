package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// postbox manages subscriptions in the store and keeps the links that it would
// mail.
type postbox struct {
	store offprint.Store
	links chan string // secrets
}

func (p *postbox) Subscribe(ctx context.Context, s offprint.Subscription) error {
	s.Secret, s.State = offprint.NewSecret(), offprint.SubscriptionPending
	if err := p.store.CreateSubscription(ctx, &s); err != nil {
		return err
	}
	p.links <- s.Secret
	return nil
}

func (p *postbox) change(ctx context.Context, secret string, f func(*offprint.Subscription)) (*offprint.Subscription, error) {
	s, err := p.store.SubscriptionBySecret(ctx, secret)
	if err != nil {
		return nil, err
	}
	f(s)
	return s, p.store.UpdateSubscription(ctx, s)
}

func (p *postbox) Confirm(ctx context.Context, secret string) (*offprint.Subscription, error) {
	return p.change(ctx, secret, func(s *offprint.Subscription) {
		s.State, s.Confirmed = offprint.SubscriptionActive, time.Now()
	})
}

func (p *postbox) Update(ctx context.Context, secret string, to offprint.Subscription) error {
	_, err := p.change(ctx, secret, func(s *offprint.Subscription) {
		s.Frequency, s.Hour, s.TimeZone, s.Query, s.Count = to.Frequency, to.Hour, to.TimeZone, to.Query, to.Count
	})
	return err
}

func (p *postbox) Unsubscribe(ctx context.Context, secret string) error {
	_, err := p.change(ctx, secret, func(s *offprint.Subscription) { s.State = offprint.SubscriptionEnded })
	return err
}

// newMailingSite is a site with subscriptions.
func newMailingSite(t *testing.T) (*site, *postbox) {
	box := &postbox{links: make(chan string, 100)}
	si := newSite(t, func(c *Config) { box.store, c.Digests = c.Store, box })
	return si, box
}

func TestSubscribe(t *testing.T) {
	si, box := newMailingSite(t)
	v := si.visitor()
	v.want(v.get("/subscribe?query=retrieval"), 200, "Papers by mail", `value="retrieval"`, `value="search" checked`)
	form := []string{"email", "ada@example.org", "frequency", "weekly", "hour", "6", "count", "20", "zone", "Europe/Berlin", "about", "categories", "categories", "cs.cl, stat.ML -cs.CV"}
	v.want(v.post("/subscribe", append(form, "do", "preview")...), 200, `value="ada@example.org"`)
	first := v.want(v.post("/subscribe", form...), 200, "Look in your inbox")
	secret := <-box.links
	sub, err := si.store.SubscriptionBySecret(t.Context(), secret)
	if err != nil || sub.Query != "cat:cs.CL cat:stat.ML -cat:cs.CV" || sub.Frequency != offprint.Weekly || sub.Hour != 6 || sub.State != offprint.SubscriptionPending {
		t.Fatalf("%+v, %v", sub, err)
	}
	again := v.want(v.post("/subscribe", form...), 200)
	if again.body != first.body || len(box.links) != 0 {
		t.Error("subscribing twice is answered differently, or mailed")
	}

	confirm := "/digest/confirm/" + secret
	v.want(v.get(confirm), 200, "on Mondays at 6:00 (Europe/Berlin)", "Yes, send me these")
	if sub, _ := si.store.SubscriptionBySecret(t.Context(), secret); sub.State != offprint.SubscriptionPending {
		t.Fatal("looking at the link confirms it")
	}
	v.want(v.post(confirm), 200, "Your digest", "the next one comes", `value="cs.CL stat.ML -cs.CV"`)
	manage := "/digest/manage/" + secret
	v.want(v.post(manage, "frequency", "daily", "hour", "24", "count", "5", "zone", "UTC", "about", "all"), 400, "not an hour")
	v.want(v.post(manage, "frequency", "daily", "hour", "8", "count", "5", "zone", "UTC", "about", "search", "search", `"chain of thought"`), 200, "chain of thought")
	// The address stays, whatever a form says.
	v.want(v.post(manage, "email", "eve@example.org", "frequency", "daily", "hour", "8", "count", "5", "zone", "UTC", "about", "all"), 200, "ada@example.org")
	if sub, _ := si.store.SubscriptionBySecret(t.Context(), secret); sub.Query != "" || sub.Email != "ada@example.org" {
		t.Errorf("%+v", sub)
	}
	v.want(v.get("/digest/unsubscribe/"+secret), 200, "Stop sending me this")
	if sub, _ := si.store.SubscriptionBySecret(t.Context(), secret); sub.State != offprint.SubscriptionActive {
		t.Fatal("looking at the link unsubscribes")
	}
	v.want(v.post("/digest/unsubscribe/"+secret), 200, "You are unsubscribed")
	v.want(v.post("/digest/unsubscribe/"+secret), 200)
	v.want(v.get(manage), 200, "Subscribe again")
	v.want(v.post(manage, "frequency", "daily"), 409)
}

// A mail program unsubscribes with one POST (RFC 8058), from elsewhere and
// without cookies.
func TestOneClickUnsubscribe(t *testing.T) {
	si, box := newMailingSite(t)
	if err := box.Subscribe(t.Context(), offprint.Subscription{Email: "ada@example.org", Frequency: offprint.Daily, TimeZone: "UTC", Count: 10}); err != nil {
		t.Fatal(err)
	}
	secret := <-box.links
	v := si.visitor()
	v.header.Set("Origin", "https://mail.example")
	a := v.want(v.post("/digest/unsubscribe/"+secret, "List-Unsubscribe", "One-Click"), 200, "You are unsubscribed.")
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("Content-Type %q", got)
	}
	if sub, err := si.store.SubscriptionBySecret(t.Context(), secret); err != nil || sub.State != offprint.SubscriptionEnded {
		t.Errorf("%+v, %v", sub, err)
	}
	v.want(v.post("/digest/unsubscribe/"+offprint.NewSecret(), "List-Unsubscribe", "One-Click"), 404)
}

func TestBadSubscriptions(t *testing.T) {
	si, box := newMailingSite(t)
	v := si.visitor()
	good := map[string]string{"email": "ada@example.org", "frequency": "daily", "hour": "7", "count": "20", "zone": "UTC", "about": "all"}
	for field, bad := range map[string]string{"email": "ada@", "frequency": "hourly", "hour": "x", "count": "1000", "zone": "Local", "about": "everything"} {
		var form []string
		for k, v := range good {
			if k == field {
				v = bad
			}
			form = append(form, k, v)
		}
		v.want(v.post("/subscribe", form...), 400, `role="alert"`)
	}
	// Tags and saved searches belong to readers.
	for _, more := range [][]string{{"about", "search", "search", "tag:x"}, {"about", "search", "search", " "}, {"about", "categories"}, {"about", "saved", "saved", "1"}} {
		form := append([]string{"email", "ada@example.org", "frequency", "daily", "hour", "7", "count", "20"}, more...)
		v.want(v.post("/subscribe", form...), 400, `role="alert"`)
	}
	if len(box.links) != 0 {
		t.Error("a bad form was mailed")
	}
	v.want(v.get("/digest/manage/"+offprint.NewSecret()), 404, "no digest that is known here")
}

func TestReadersSubscribe(t *testing.T) {
	si, box := newMailingSite(t)
	ada := si.reader("Ada", "ada@example.org", offprint.RoleReader)
	v := si.signedIn(ada)
	v.want(v.post("/settings/searches", "query", "retrieval has:code", "name", "RAG"), 200)
	v.want(v.get("/subscribe"), 200, `value="ada@example.org"`, ">RAG</option>")
	v.want(v.post("/subscribe", "email", "ada@example.org", "frequency", "daily", "hour", "7", "count", "20", "about", "saved", "saved", "1"), 200, "Look in your inbox")
	v.want(v.get("/settings/mail"), 200, "retrieval has:code", "/digest/manage/"+<-box.links)
}

func TestDigestsWithoutMail(t *testing.T) {
	si := newSite(t, nil)
	owner := si.signedIn(si.reader("Olga", "olga@example.org", offprint.RoleOwner))
	anyone := si.visitor()
	owner.want(owner.get("/subscribe"), 200, "smtp-host")
	anyone.want(anyone.get("/subscribe"), 200, "Ask the owner")
	anyone.want(anyone.post("/subscribe", "email", "ada@example.org"), 400, "No mail is set up")
	// Who wants out gets out, also while mail is off.
	sub := offprint.Subscription{Email: "ada@example.org", Frequency: offprint.Daily, TimeZone: "UTC", Count: 10, State: offprint.SubscriptionActive, Secret: offprint.NewSecret()}
	if err := si.store.CreateSubscription(t.Context(), &sub); err != nil {
		t.Fatal(err)
	}
	anyone.want(anyone.post("/digest/unsubscribe/"+sub.Secret), 200, "You are unsubscribed")
}

func TestAbout(t *testing.T) {
	for _, tc := range []struct{ query, kind, categories, search string }{
		{"", aboutAll, "", ""},
		{"cat:cs.CL -cat:cs.CV", aboutCategories, "cs.CL -cs.CV", ""},
		{"-cat:cs.CV", aboutCategories, "-cs.CV", ""},
		{"cat:cs.CL llm", aboutSearch, "", "cat:cs.CL llm"},
		{`cat:"Machine Learning"`, aboutSearch, "", `cat:"Machine Learning"`},
		{"after:never", aboutSearch, "", "after:never"},
	} {
		kind, categories, search := about(tc.query)
		if kind != tc.kind || categories != tc.categories || search != tc.search {
			t.Errorf("about(%q) = %q, %q, %q", tc.query, kind, categories, search)
		}
		p := subscribePage{About: kind, Categories: categories, Search: search}
		if kind == aboutCategories {
			if got, err := p.query(); err != nil || got != tc.query {
				t.Errorf("%q comes back as %q, %v", tc.query, got, err)
			}
		}
	}
}
