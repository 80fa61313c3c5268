// Package jobs does the work that nobody waits for: reading sources, sending
// digests, telling webhooks, tidying up. It knows when things are done and that
// they are done again after a failure; what they are, it is given as functions
// in [Config].
//
// The queue is River's, in a SQLite file of its own beside the store: it is
// written every few seconds, and a long import into the store would keep it
// waiting if the two shared a write lock. Nothing of value is in it but webhook
// deliveries on their way.
package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/offprint/offprint"
)

// Config is what a [Runner] needs.
type Config struct {
	Path    string // of the queue's file; created when absent
	Store   offprint.Store
	Log     *slog.Logger          // slog.Default when nil
	Metrics prometheus.Registerer // no metrics when nil
	BaseURL string                // the service's address, for the links in events

	// Collect reads the sources that are due, every CollectEvery (5 minutes when 0).
	Collect      func(ctx context.Context) error
	CollectEvery time.Duration
	// CollectSource reads one source now.
	CollectSource func(ctx context.Context, id int64) error
	// Learn brings what is learned from the papers in step with the store, every
	// minute, and Retrain learns it anew when that is due, which may take long;
	// nil for neither.
	Learn, Retrain func(ctx context.Context) error
	// SendDigests sends the digests that are due, every minute; nil when no mail is configured.
	SendDigests func(ctx context.Context) error
	// Deliver tries once to tell a webhook, and returns what to show to its
	// owner. An error that is an [offprint.Error] ends the delivery; after any
	// other it is tried again, for about four hours.
	Deliver func(ctx context.Context, hook offprint.Webhook, e Event) (status string, err error)
}

// Event is something that a webhook is told.
type Event struct {
	ID   string // the same for each try
	Kind offprint.WebhookEvent
	Body json.RawMessage
}

// Runner runs the jobs. Create it with [Open].
type Runner struct {
	Config
	db      *sql.DB
	client  *river.Client[*sql.Tx]
	metrics metrics
	now     func() time.Time
}

// Open opens the queue and brings its schema up to date. Only one process at a
// time may have a queue open: what it finds half-done belongs to a process that
// has died, and is put back. Call [Runner.Start] next, and [Runner.Close] at the end.
func Open(ctx context.Context, cfg Config) (*Runner, error) {
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	cfg.CollectEvery = cmp.Or(cfg.CollectEvery, 5*time.Minute)
	r := &Runner{Config: cfg, metrics: newMetrics(cfg.Metrics), now: time.Now}

	db, err := sql.Open("sqlite", "file:"+escapePath(cfg.Path)+
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)")
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	db.SetMaxOpenConns(1) // River's advice for SQLite; it is idle most of the time
	r.db = db
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("job queue %s: %w", cfg.Path, err), db.Close())
	}
	return r, nil
}

func (r *Runner) open(ctx context.Context) error {
	log := slog.New(quiet{r.Log.Handler()})
	driver := driver{riversqlite.New(r.db)}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	if err := r.initAnnounced(ctx); err != nil {
		return err
	}
	// A job that was cut off has not failed.
	const putBack = `UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0) WHERE state = 'running'`
	if _, err := r.db.ExecContext(ctx, putBack); err != nil {
		return err
	}
	r.client, err = river.NewClient(driver, &river.Config{
		Logger:            log,
		PollOnly:          true,
		FetchPollInterval: 5 * time.Second,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: 4},
			queueCollect:       {MaxWorkers: 2}, // a harvest may take hours and must not hold up mail
			queueLearn:         {MaxWorkers: 2}, // nor may learning
		},
		Workers:                     r.workers(),
		PeriodicJobs:                r.periodic(),
		JobTimeout:                  -1, // each job knows its own
		RescueStuckJobsAfter:        30 * 24 * time.Hour,
		CompletedJobRetentionPeriod: 24 * time.Hour,
	})
	return err
}

// Start begins to work. It returns at once; the work goes on until [Runner.Close].
func (r *Runner) Start(ctx context.Context) error {
	// The context would cancel jobs without River's bookkeeping: Close does it better.
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}

// Close interrupts what is running, so that it is done again at the next start,
// waits for it until ctx ends, and closes the queue.
func (r *Runner) Close(ctx context.Context) error {
	return errors.Join(r.client.StopAndCancel(ctx), r.db.Close())
}

// SyncSource has a source read soon. Asking again before that has ended changes nothing.
func (r *Runner) SyncSource(ctx context.Context, id int64) error {
	if _, err := r.client.Insert(ctx, sourceArgs{SourceID: id}, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}

// TestWebhook has a webhook told a trial event soon.
func (r *Runner) TestWebhook(ctx context.Context, id int64) error {
	body, err := json.Marshal(testBody{Event: EventTest, Time: r.now().UTC()})
	if err != nil {
		return err
	}
	args := deliverArgs{WebhookID: id, Event: EventTest, Subject: offprint.NewSecret(), Body: body}
	if _, err := r.client.Insert(ctx, args, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}

// driver denies that it can listen: River then wakes its workers itself when
// this process, the only one there is, adds a job. Listening in SQLite means
// asking for news twenty times a second.
type driver struct{ *riversqlite.Driver }

func (driver) SupportsListener() bool { return false }

// quiet passes on River's warnings and errors only: its news would otherwise
// outnumber the service's own.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(g string) slog.Handler      { return quiet{q.Handler.WithGroup(g)} }
