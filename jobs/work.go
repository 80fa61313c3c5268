package jobs

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/offprint/offprint"
)

const (
	queueCollect = "collect"
	queueLearn   = "learn"
)

// once lets a job into the queue unless one like it waits or runs.
var once = river.UniqueOpts{
	ByArgs:  true,
	ByState: unfinished,
}

// The arguments of a job are its row in the queue: their names in JSON stay.
type (
	collectArgs  struct{}
	learnArgs    struct{}
	retrainArgs  struct{}
	announceArgs struct{}
	digestsArgs  struct{}
	purgeArgs    struct{}

	sourceArgs struct {
		SourceID int64 `json:"source_id"`
	}
	deliverArgs struct {
		WebhookID int64                 `json:"webhook_id" river:"unique"`
		Event     offprint.WebhookEvent `json:"event"`
		Subject   string                `json:"subject" river:"unique"` // what it is about: one delivery of it to a webhook
		Body      []byte                `json:"body"`
	}
)

func (collectArgs) Kind() string  { return "collect" }
func (learnArgs) Kind() string    { return "learn" }
func (retrainArgs) Kind() string  { return "retrain" }
func (sourceArgs) Kind() string   { return "collect-source" }
func (announceArgs) Kind() string { return "announce" }
func (digestsArgs) Kind() string  { return "digests" }
func (purgeArgs) Kind() string    { return "purge" }
func (deliverArgs) Kind() string  { return "webhook" }

// The periodic jobs are tried once: the next one comes soon.

func (collectArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCollect, MaxAttempts: 1, UniqueOpts: once}
}
func (learnArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLearn, MaxAttempts: 1, UniqueOpts: once}
}
func (retrainArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLearn, MaxAttempts: 1, UniqueOpts: once}
}
func (sourceArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCollect, MaxAttempts: 1, UniqueOpts: once}
}
func (announceArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: once}
}
func (digestsArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: once}
}
func (purgeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: once}
}

// A delivery is also unique among those that have ended, as long as they are
// kept. River waits attempt^4 seconds after a failure: the tenth attempt is
// about four hours after the first.
func (deliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 10, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

func (r *Runner) workers() *river.Workers {
	w := river.NewWorkers()
	add(r, w, func(ctx context.Context, _ collectArgs, _ string) error {
		return errors.Join(r.Collect(ctx), r.announceSoon(ctx))
	})
	add(r, w, func(ctx context.Context, a sourceArgs, _ string) error {
		return errors.Join(r.CollectSource(ctx, a.SourceID), r.announceSoon(ctx))
	})
	add(r, w, func(ctx context.Context, _ learnArgs, _ string) error { return r.Learn(ctx) })
	add(r, w, func(ctx context.Context, _ retrainArgs, _ string) error { return r.Retrain(ctx) })
	add(r, w, func(ctx context.Context, _ announceArgs, _ string) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		return r.announce(ctx)
	})
	add(r, w, func(ctx context.Context, _ digestsArgs, _ string) error {
		return r.SendDigests(ctx)
	})
	add(r, w, func(ctx context.Context, _ purgeArgs, _ string) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return r.Store.PurgeExpired(ctx, r.now())
	})
	add(r, w, r.deliver)
	return w
}

// add registers the work of one kind of job. The function gets the job's
// arguments and the job's name, which stays the same from try to try.
func add[A river.JobArgs](r *Runner, w *river.Workers, work func(context.Context, A, string) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[A]) error {
		start := time.Now()
		err := work(ctx, job.Args, strconv.FormatInt(job.ID, 10))
		if err != nil && ctx.Err() != nil {
			return river.JobSnooze(0) // the process is ending: again at the next start, and no failure
		}
		r.metrics.observe(job.Kind, time.Since(start), err)
		if err != nil {
			r.Log.WarnContext(ctx, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "error", err)
			if offprint.KindOf(err) != offprint.KindInternal {
				return river.JobCancel(err) // trying again would not help
			}
		}
		return err
	}))
}

func (r *Runner) periodic() []*river.PeriodicJob {
	every := func(s river.PeriodicSchedule, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(s, func() (river.JobArgs, *river.InsertOpts) { return args, nil },
			&river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true})
	}
	list := []*river.PeriodicJob{
		every(river.PeriodicInterval(r.CollectEvery), collectArgs{}),
		every(river.PeriodicInterval(time.Hour), purgeArgs{}),
	}
	if r.Learn != nil {
		list = append(list, every(river.PeriodicInterval(time.Minute), learnArgs{}))
	}
	if r.Retrain != nil {
		list = append(list, every(river.PeriodicInterval(10*time.Minute), retrainArgs{}))
	}
	if r.SendDigests != nil {
		list = append(list, every(everyMinute{}, digestsArgs{}))
	}
	return list
}

// everyMinute is the start of each minute, so that mail for eight leaves at eight.
type everyMinute struct{}

func (everyMinute) Next(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// deliver tries once to tell a webhook.
func (r *Runner) deliver(ctx context.Context, a deliverArgs, id string) error {
	hook, err := r.Store.Webhook(ctx, a.WebhookID)
	if offprint.KindOf(err) == offprint.KindNotFound {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	status, err := r.Deliver(ctx, *hook, Event{ID: id, Kind: a.Event, Body: a.Body})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(err, r.Store.NoteWebhook(ctx, hook.ID, r.now(), status))
}

// escapePath makes a path safe inside a SQLite URI.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }
