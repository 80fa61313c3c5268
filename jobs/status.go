package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

var (
	unfinished = []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
	failed = []rivertype.JobState{
		rivertype.JobStateRetryable, rivertype.JobStateCancelled, rivertype.JobStateDiscarded,
	}
)

// Job is one job of the queue as it stands.
type Job struct {
	ID       int64
	Kind     string // such as "collect" or "webhook"
	State    string // River's word for it: "available", "running", "retryable", "discarded" ...
	Attempt  int    // tries so far
	Error    string // of the last try; empty if it did not fail
	Created  time.Time
	Next     time.Time // when it is tried next, for one that waits
	Finished time.Time // zero if it has not
}

// Status returns jobs that are running or waiting, and jobs that failed within
// the last days, newest first, at most limit each.
func (r *Runner) Status(ctx context.Context, limit int) (current, troubled []Job, err error) {
	if current, err = r.list(ctx, limit, unfinished); err != nil {
		return nil, nil, err
	}
	troubled, err = r.list(ctx, limit, failed)
	return current, troubled, err
}

func (r *Runner) list(ctx context.Context, limit int, states []rivertype.JobState) ([]Job, error) {
	res, err := r.client.JobList(ctx, river.NewJobListParams().
		States(states...).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(limit))
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	jobs := make([]Job, len(res.Jobs))
	for i, row := range res.Jobs {
		j := Job{ID: row.ID, Kind: row.Kind, State: string(row.State), Attempt: row.Attempt, Created: row.CreatedAt}
		if n := len(row.Errors); n > 0 {
			j.Error = row.Errors[n-1].Error
		}
		if row.FinalizedAt != nil {
			j.Finished = *row.FinalizedAt
		} else {
			j.Next = row.ScheduledAt
		}
		jobs[i] = j
	}
	return jobs, nil
}

// metrics counts runs by kind and outcome; all of its fields are nil without a registry.
type metrics struct {
	runs    *prometheus.CounterVec
	seconds *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	if reg == nil {
		return metrics{}
	}
	m := metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "offprint_job_runs_total", Help: "Background jobs that ended, by kind and outcome (ok, failed).",
		}, []string{"kind", "outcome"}),
		seconds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "offprint_job_seconds_total", Help: "Time that background jobs took, by kind.",
		}, []string{"kind"}),
	}
	reg.MustRegister(m.runs, m.seconds)
	return m
}

func (m metrics) observe(kind string, d time.Duration, err error) {
	if m.runs == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.runs.WithLabelValues(kind, outcome).Inc()
	m.seconds.WithLabelValues(kind).Add(d.Seconds())
}
