package browsertest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/engine/enginetest"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/lab/queue"
	"github.com/offprint/offprint/sqlite"
	"github.com/offprint/offprint/web"
)

// site is a server with a store of its own, full of what its pages can show.
type site struct {
	*testing.T
	store                 offprint.Store
	url                   string
	olga, ada, bob        *offprint.Reader // the owner and two readers
	digest                string           // secret of Olga's subscription
	engine                *engine.Engine   // nil on a site where nothing was learned
	job                   string           // id of a run that waits
	report, broken        string           // ids of the lab's reports
	comment, otherComment int64            // Olga's, and Ada's
}

// labSlug is the founding paper that the tests give a reproduction.
const labSlug = "mrl"

// newSite returns a site with everything on it; a learned one has a thousand more
// papers, and an engine.
func newSite(t *testing.T, learned bool) *site {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	ts := httptest.NewUnstartedServer(nil)
	t.Cleanup(ts.Close)
	si := &site{T: t, store: store, url: "http://" + ts.Listener.Addr().String()}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if learned {
		si.engine = enginetest.Open(t, store, enginetest.Papers(1000))
	}
	server, err := web.New(web.Config{
		Store: store, Log: log, BaseURL: si.url, Version: "1.0", SignUp: web.SignUpOpen,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		SendSignIn:     func(context.Context, string, string) error { return nil },
		AddPaper: func(context.Context, string) (*offprint.Paper, error) {
			return nil, offprint.Errorf(offprint.KindNotFound, "arXiv has no such paper.")
		},
		SyncSource:  func(context.Context, int64) error { return nil },
		TestWebhook: func(context.Context, int64) error { return nil },
		Digests:     digests{},
		Lab:         si.newLab(log), Engine: si.engine,
	})
	if err != nil {
		t.Fatal(err)
	}
	si.fill()
	ts.Config.Handler = server
	ts.Start()
	return si
}

// digests is a digest service for pages that are looked at and not sent.
type digests struct{}

func (digests) Subscribe(context.Context, offprint.Subscription) error { return nil }
func (digests) Confirm(context.Context, string) (*offprint.Subscription, error) {
	return nil, offprint.Errorf(offprint.KindNotFound, "There is no such digest.")
}
func (digests) Update(context.Context, string, offprint.Subscription) error { return nil }
func (digests) Unsubscribe(context.Context, string) error                   { return nil }

// newLab is a lab in which one paper has a reproduction, with two reports and a
// run that waits.
func (si *site) newLab(log *slog.Logger) *web.Lab {
	si.Helper()
	rep := lab.Reproduction{
		Slug: labSlug, Claim: "The first few dimensions of one embedding do as well as an embedding trained for that size.", State: lab.Partly, Missing: "At 8 dimensions it is 0.02 behind.",
		Method: "MRL", Package: "methods/embed/fake", Time: time.Minute, FullTime: 20 * time.Minute, DataSets: []string{"digits"}, Serves: "The first pass of the search by meaning.",
		Broken: []lab.BrokenVariant{{Name: "last", What: "The loss sees the full size alone."}},
		Run: func(_ context.Context, r *lab.Run) error {
			gain := 0.1
			if r.Is("last") {
				gain = -0.1
			}
			for _, seed := range r.Seeds(3) {
				for i, size := range []string{"8", "16", "32", "64", "128"} {
					r.Metric("MRR, "+size+" dimensions", "MRL", seed, 0.5+gain+float64(i)/20+float64(seed)/100, "")
					r.Metric("MRR, "+size+" dimensions", "PCA of the full size <b>", seed, 0.5+float64(i)/20, "")
				}
			}
			r.AtLeast("MRR at 8 dimensions over PCA", gain, 0.05)
			r.Note("Means of three seeds on <b>digits</b>.")
			r.Plot(plot.Plot{
				Name: "mrr", Title: "MRR by size & <b>method</b>", X: plot.Axis{Label: "dimensions", Log: true}, Y: plot.Axis{Label: "MRR"},
				Lines: []plot.Series{{Name: "MRL", X: []float64{8, 32, 128}, Y: []float64{0.6, 0.7, 0.8}, Method: true}, {Name: "PCA", X: []float64{8, 32, 128}, Y: []float64{0.5, 0.6, 0.7}}},
			})
			return nil
		},
	}
	archive := lab.Archive{Dir: filepath.Join(si.TempDir(), "lab")}
	execute := func(o lab.Options) string {
		report, err := lab.Execute(si.Context(), rep, o, nil)
		if err != nil {
			si.Fatal(err)
		}
		if err := archive.Save(report); err != nil {
			si.Fatal(err)
		}
		return report.ID
	}
	si.broken = execute(lab.Options{Broken: "last"})
	si.report = execute(lab.Options{Seed: 1})
	q := queue.New(archive, log, func(ctx context.Context, _ string, _ lab.Options) *exec.Cmd { return exec.CommandContext(ctx, "true") })
	job, err := q.Add(labSlug, lab.Options{}, 1) // nobody runs the queue: it waits
	if err != nil {
		si.Fatal(err)
	}
	si.job = job.ID
	l := &web.Lab{Archive: archive, Queue: q, Source: fstest.MapFS{"embed/fake/fake.go": {Data: []byte(fakeSource)}}}
	for _, f := range offprint.FoundingList() {
		e := lab.Entry{FoundingPaper: f, State: lab.NotYet}
		if f.Slug == labSlug {
			e.State, e.Reproduction = rep.State, &rep
		}
		l.Entries = append(l.Entries, e)
	}
	return l
}

const fakeSource = `// Package fake cuts embeddings short.
//
// It has a long line of documentation that should wrap on a phone and not make the whole page scroll to the side.
package fake

// Cut returns the first n dimensions of x, and panics if there are fewer.
func Cut(x []float64, n int) []float64 {
	return x[:n] // "<script>window.pwned=1</script>"
}

// Options say how to train, with a name that is long.
type OptionsOfAnUncommonlyLongName struct {
	Sizes  []int   // ascending
	Weight float64 // of the smallest
}
`

// must fails the test unless what was done to the store has worked.
func (si *site) must(errs ...error) {
	si.Helper()
	for _, err := range errs {
		if err != nil {
			si.Fatal(err)
		}
	}
}

// fill stores papers, readers and what they did.
func (si *site) fill() {
	si.Helper()
	ctx, now := si.Context(), time.Now()
	_, err := si.store.PutPapers(ctx, papers())
	si.must(err)
	var founding []offprint.Paper
	for _, f := range offprint.FoundingList() {
		founding = append(founding, f.Paper())
	}
	_, err = si.store.PutPapers(ctx, founding)
	si.must(err)

	si.olga = &offprint.Reader{Name: "Olga", Email: "olga@example.org", Role: offprint.RoleOwner}
	si.ada = &offprint.Reader{Name: "Ada", Email: "ada@example.org", Role: offprint.RoleReader}
	si.bob = &offprint.Reader{Name: "Bob", Email: "bob@example.org", Role: offprint.RoleReader}
	eve := &offprint.Reader{Name: hostile[:60], Email: "eve.with.a.long.address@department.university.example.org", Role: offprint.RoleReader, Suspended: true}
	for _, r := range []*offprint.Reader{si.olga, si.ada, si.bob, eve} {
		si.must(si.store.CreateReader(ctx, r))
	}

	ids := map[string]int64{}
	for _, key := range []string{plainKey, mathKey, hostileKey, brokenKey, rtlKey, "2503.00020", "2503.00021"} {
		p, err := si.store.Paper(ctx, key)
		si.must(err)
		ids[key] = p.ID
	}
	mark := func(key string, m offprint.Mark) {
		_, err := si.store.SetMark(ctx, si.olga.ID, ids[key], m, true, now)
		si.must(err)
	}
	for _, key := range []string{mathKey, hostileKey, rtlKey} {
		mark(key, offprint.MarkVote)
		mark(key, offprint.MarkSave)
	}
	mark(mathKey, offprint.MarkRead)
	mark("2503.00021", offprint.MarkHide)
	si.must(
		si.store.SetTags(ctx, si.olga.ID, ids[mathKey], []string{"to-cite", "survey"}),
		si.store.SetTags(ctx, si.olga.ID, ids[hostileKey], []string{"to-cite", strings.Repeat("long", 14)}),
		si.store.SetNote(ctx, si.olga.ID, ids[mathKey], "Compare with **ours**.\n\n```\nloss = -log p(y | x), a line of code that does not fit on a phone\n```\n"+hostile),
		si.store.PublishTag(ctx, offprint.PublishedTag{ReaderID: si.olga.ID, Tag: "survey", Slug: offprint.NewSecret()}),
		si.store.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: si.olga.ID, Name: "Retrieval", Query: `retrieval "when to stop" -cat:cs.CV`, Slug: offprint.NewSecret(), Alert: true}),
		si.store.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: si.olga.ID, Name: "Long", Query: strings.Repeat("retrieval", 30)}),
		si.store.CreateWebhook(ctx, &offprint.Webhook{ReaderID: si.olga.ID, URL: "https://hooks.example.org/" + strings.Repeat("x", 80), Secret: offprint.NewSecret(), Events: []offprint.WebhookEvent{offprint.EventDay, offprint.EventAlert}}),
		si.store.CreateAPIToken(ctx, &offprint.APIToken{ReaderID: si.olga.ID, Name: "my script", Hash: offprint.HashSecret(offprint.NewSecret())}),
		si.store.CreateToken(ctx, offprint.Token{Hash: offprint.HashSecret(offprint.NewSecret()), Purpose: offprint.PurposeInvite, Email: "new@example.org", Role: offprint.RoleReader, By: si.olga.ID, Created: now, Expires: now.Add(time.Hour)}),
		si.store.CreateSource(ctx, &offprint.Source{Kind: offprint.SourceArXiv, Name: "arXiv", URL: "https://oaipmh.arxiv.org/oai", Sets: []string{"cs:cs:CL"}, LastRun: now, LastSuccess: now, NextRun: now.Add(time.Hour)}),
		si.store.CreateSource(ctx, &offprint.Source{Kind: offprint.SourceFeed, Name: "A journal", URL: "https://journal.example.org/feed.xml", LastRun: now, LastError: "The server answered 503 Service Unavailable.", Failures: 4, NextRun: now.Add(time.Hour)}),
	)
	sub := offprint.Subscription{
		ReaderID: si.olga.ID, Email: "olga@example.org", Frequency: offprint.Weekdays, Hour: 7, TimeZone: "Europe/Berlin", Query: "cat:cs.CL -cat:cs.CV", Count: 20,
		State: offprint.SubscriptionActive, Secret: offprint.NewSecret(), Confirmed: now,
	}
	si.must(si.store.CreateSubscription(ctx, &sub))
	si.digest = sub.Secret

	comment := func(r *offprint.Reader, parent int64, body string) int64 {
		c := offprint.Comment{PaperID: ids[mathKey], ReaderID: r.ID, ParentID: parent, Body: body}
		si.must(si.store.CreateComment(ctx, &c))
		return c.ID
	}
	si.comment = comment(si.olga, 0, "Look at **Table 3**:\n\n- small models\n- large ones\n\n> as they say\n\n`code` and [a link](https://example.org)")
	reply := comment(si.ada, si.comment, "Thanks! "+hostile+" [x](javascript:window.pwned=1)")
	si.otherComment = comment(si.bob, reply, "An answer to the answer.")
	si.must(si.store.ReportComment(ctx, si.otherComment, si.olga.ID, "spam"))
}

// link makes a one-time link, as the command line does.
func (si *site) link(path string, t offprint.Token) string {
	si.Helper()
	secret := offprint.NewSecret()
	t.Hash, t.Created, t.Expires = offprint.HashSecret(secret), time.Now(), time.Now().Add(time.Hour)
	si.must(si.store.CreateToken(si.Context(), t))
	return path + secret
}
