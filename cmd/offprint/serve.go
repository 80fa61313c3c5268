package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/jobs"
	"github.com/offprint/offprint/outbound"
	"github.com/offprint/offprint/sqlite"
	"github.com/offprint/offprint/web"
	"github.com/offprint/offprint/webhook"
)

type serveCmd struct {
	siteSettings
	fetchSettings
	mailSettings
	labSettings

	SignUp         string         `enum:"invite,open" default:"invite" placeholder:"HOW" help:"Who may create an account: invite (those whom the owner invites) or open (everybody with a mail address)."`
	Private        bool           `help:"Show pages to signed-in readers only."`
	TrustedProxy   []netip.Prefix `placeholder:"CIDR" help:"Reverse proxies whose X-Forwarded-For is believed, such as 127.0.0.1/32."`
	SyncEvery      time.Duration  `default:"5m" placeholder:"DURATION" help:"How often to look for sources that are due; each source has its own rhythm."`
	Train          string         `enum:"auto,never" default:"auto" placeholder:"WHEN" help:"When to learn from the papers: auto (in the background, when enough new ones are there) or never (only by “offprint train”)."`
	PrivateWebhook bool           `help:"Let webhooks reach private addresses, such as a program on this machine."`
	MetricsAddr    string         `placeholder:"HOST:PORT" help:"Also listen here, and serve Prometheus metrics at /metrics."`
}

// stopWithin is how long requests and jobs may take to end.
const stopWithin = 10 * time.Second

// Validate is called by kong.
func (c *serveCmd) Validate() error {
	if c.SyncEvery < 10*time.Second {
		return errors.New("sync-every must be 10s at least")
	}
	return nil
}

// Run serves until ctx ends, and then in order: no new requests, the running
// ones and the jobs end, the store is closed.
func (c *serveCmd) Run(ctx context.Context, e *env) (err error) {
	held, err := e.lockFolder(serveLockFile, true, "another process serves the data folder %s already: use that one, or choose another folder with --data.")
	if err != nil {
		return err
	}
	defer held.Close()
	ln, err := listen(ctx, c.Addr, "addr")
	if err != nil {
		return err
	}
	defer ln.Close()
	c.Addr = reachable(ln.Addr()) // now with the port, should it have been 0

	store, closeStore, err := e.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	if err := storeFounding(ctx, store); err != nil {
		return fmt.Errorf("founding list: %w", err)
	}

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	papers, err := c.lab(e)
	if err != nil {
		return err
	}
	learned, err := engine.Open(engine.Config{Store: store, Dir: e.engineDir(), Log: e.log, Train: c.trainer(e)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, learned.Close()) }()
	runner, site, err := c.wire(ctx, e, store, registry, papers, learned)
	if err != nil {
		return err
	}
	var metrics net.Listener
	if c.MetricsAddr != "" {
		if metrics, err = listen(ctx, c.MetricsAddr, "metrics-addr"); err != nil {
			return errors.Join(err, runner.Close(ctx))
		}
	}

	if err := runner.Start(ctx); err != nil {
		return errors.Join(err, runner.Close(ctx))
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err = errors.Join(err, runner.Close(ctx))
	}()
	fmt.Fprintf(e.stdout, "Offprint is at %s\n", c.baseURL())
	if err := printOwnerLink(ctx, e, store, c.baseURL()); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var errs [2]error
	group.Go(func() { papers.Queue.Run(ctx, c.LabParallel) })
	group.Go(func() { defer cancel(); errs[0] = serveHTTP(ctx, e.log, ln, site) })
	if metrics != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
		group.Go(func() { defer cancel(); errs[1] = serveHTTP(ctx, e.log, metrics, mux) })
	}
	group.Wait()
	return errors.Join(errs[:]...)
}

// wire makes the pages and the jobs, which know nothing of each other.
func (c *serveCmd) wire(ctx context.Context, e *env, store *sqlite.Store, reg prometheus.Registerer, papers *web.Lab, learned *engine.Engine) (*jobs.Runner, *web.Server, error) {
	client := c.client()
	collector := newCollector(store, client, e.log)
	collector.Budget = runBudget
	due, one := background(collector, e.newHarvesting())
	sender, err := c.sender()
	if err != nil {
		return nil, nil, err
	}
	digests, err := newDigests(store, sender, c.baseURL(), e.log)
	if err != nil {
		return nil, nil, err
	}

	work := jobs.Config{
		Path: filepath.Join(e.Data, jobsFile), Store: store, Log: e.log, Metrics: reg, BaseURL: c.baseURL(),
		Collect: due, CollectEvery: c.SyncEvery, CollectSource: one,
		Learn: learned.Sync, Retrain: learned.TrainIfDue,
		Deliver: func(ctx context.Context, hook offprint.Webhook, ev jobs.Event) (string, error) {
			if c.PrivateWebhook {
				ctx = outbound.AllowPrivate(ctx)
			}
			return webhook.Deliver(ctx, client, hook, webhook.Message{ID: ev.ID, Event: ev.Kind, Body: ev.Body})
		},
	}
	pages := web.Config{
		Store: store, Log: e.log, Metrics: reg, Version: version,
		BaseURL: c.baseURL(), SignUp: web.SignUp(c.SignUp), Private: c.Private, TrustedProxies: c.TrustedProxy,
		AddPaper: collector.Add, Lab: papers, Engine: learned,
	}
	if sender != nil {
		work.SendDigests = func(ctx context.Context) error {
			_, err := digests.Run(ctx, time.Now()) // what concerns one digest alone is recorded with it
			return err
		}
		pages.SendSignIn = signInMail(sender)
		pages.Digests = digests
	}

	runner, err := jobs.Open(ctx, work)
	if err != nil {
		return nil, nil, err
	}
	pages.SyncSource, pages.TestWebhook = runner.SyncSource, runner.TestWebhook
	site, err := web.New(pages)
	if err != nil {
		return nil, nil, errors.Join(err, runner.Close(ctx))
	}
	return runner, site, nil
}

// listen opens an address; flag is the one that gave it.
func listen(ctx context.Context, addr, flag string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, offprint.Errorf(offprint.KindConflict, "another program listens on %s already: end it, or choose another address with --%s.", addr, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, offprint.Errorf(offprint.KindForbidden, "listening on %s is not allowed: choose a port from 1024 up with --%s.", addr, flag)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return ln, nil
}

// reachable returns an address under which the listener can be reached from
// this machine.
func reachable(a net.Addr) string {
	addr, err := netip.ParseAddrPort(a.String())
	if err == nil && addr.Addr().IsUnspecified() {
		return fmt.Sprintf("localhost:%d", addr.Port())
	}
	return a.String()
}

// serveHTTP answers requests until ctx ends, and then gives the running ones
// some time to end.
func serveHTTP(ctx context.Context, log *slog.Logger, ln net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute, // a handler that streams for longer sets its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // mostly what clients did wrong
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			log.WarnContext(ctx, "some requests did not end in time and are cut off")
			err = srv.Close()
		}
		ended <- err
	})
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-ended
}

// storeFounding stores the founding list where it is not complete.
func storeFounding(ctx context.Context, store offprint.Store) error {
	list := offprint.FoundingList()
	page, err := store.Papers(ctx, offprint.PaperQuery{Origin: offprint.OriginFounding, Sort: offprint.SortTime, Limit: 200})
	if err != nil || len(page.Items) >= len(list) {
		return err
	}
	papers := make([]offprint.Paper, len(list))
	for i, f := range list {
		papers[i] = f.Paper()
	}
	_, err = store.PutPapers(ctx, papers)
	return err
}

// printOwnerLink prints a link that makes its visitor the owner, until there is one.
func printOwnerLink(ctx context.Context, e *env, store offprint.Store, base string) error {
	readers, err := store.Readers(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(readers, func(r offprint.Reader) bool { return r.Role == offprint.RoleOwner }) {
		return nil
	}
	link, err := newLink(ctx, store, base+"/owner/", offprint.Token{Purpose: offprint.PurposeOwner, Role: offprint.RoleOwner}, ownerFor)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Open this link to make it yours (once, within 7 days):\n  %s\n", link)
	return nil
}
