package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/offprint/offprint"
)

// EventTest is the trial event that a webhook's owner asks for.
const EventTest offprint.WebhookEvent = "test"

// The bodies of the events. Fields are added, never changed.
type (
	testBody struct {
		Event offprint.WebhookEvent `json:"event"`
		Time  time.Time             `json:"time"`
	}
	dayBody struct {
		Event  offprint.WebhookEvent `json:"event"`
		Day    offprint.Date         `json:"day"`
		Papers int                   `json:"papers"` // how many it had when the event was made
		URL    string                `json:"url"`
	}
	alertBody struct {
		Event  offprint.WebhookEvent `json:"event"`
		Search string                `json:"search"` // its name
		Query  string                `json:"query"`
		Total  int                   `json:"total"`
		Papers []alertPaper          `json:"papers"` // the newest of them, at most maxAlert
	}
	alertPaper struct {
		Key     string   `json:"key"`
		ArXivID string   `json:"arxiv_id,omitempty"`
		Title   string   `json:"title"`
		Authors []string `json:"authors"`
		URL     string   `json:"url"`
	}
)

const (
	maxAlert   = 50                 // papers in one alert
	maxAuthors = 20                 // of one of them
	newsFor    = offprint.Date(7)   // days: an older one is no news, as when an archive is imported
	keepDays   = offprint.Date(400) // how long it is remembered that a day was announced
)

func (r *Runner) initAnnounced(ctx context.Context) error {
	_, err := r.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS announced_day (day integer PRIMARY KEY) STRICT`)
	return err
}

func (r *Runner) announceSoon(ctx context.Context) error {
	_, err := r.client.Insert(ctx, announceArgs{}, nil)
	return err
}

// announce looks for what webhooks are to be told: a new day, and papers that
// alerts have not seen.
func (r *Runner) announce(ctx context.Context) error {
	hooks, err := r.Store.Webhooks(ctx, 0)
	if err != nil {
		return err
	}
	readers, err := r.Store.Readers(ctx)
	if err != nil {
		return err
	}
	suspended := map[int64]bool{}
	for _, reader := range readers {
		suspended[reader.ID] = reader.Suspended
	}
	hooks = slices.DeleteFunc(hooks, func(h offprint.Webhook) bool { return suspended[h.ReaderID] })
	return errors.Join(r.announceDay(ctx, hooks), r.announceMatches(ctx, hooks))
}

// announceDay tells of the newest day, once: that it was announced and the
// deliveries are one transaction.
func (r *Runner) announceDay(ctx context.Context, hooks []offprint.Webhook) error {
	today := offprint.DateOf(r.now().UTC())
	day, err := r.Store.LatestDay(ctx, today)
	if err != nil || day == 0 || day <= today-newsFor {
		return err
	}
	counts, err := r.Store.Days(ctx, day, day)
	if err != nil || len(counts) == 0 {
		return err
	}
	body, err := json.Marshal(dayBody{
		Event: offprint.EventDay, Day: day, Papers: counts[0].Papers,
		URL: r.BaseURL + offprint.SpanOf(offprint.UnitDay, day).Path(),
	})
	if err != nil {
		return err
	}

	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	res, err := tx.ExecContext(ctx, `INSERT INTO announced_day (day) VALUES (?) ON CONFLICT DO NOTHING`, int64(day))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // announced before
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM announced_day WHERE day < ?`, int64(day-keepDays)); err != nil {
		return err
	}
	if list := deliveries(hooks, offprint.EventDay, day.String(), body); len(list) > 0 {
		if _, err := r.client.InsertManyTx(ctx, tx, list); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// announceMatches tells each alert's reader of the papers that the alert has
// not seen. A crash between the two steps at its end repeats an alert rather
// than losing it.
func (r *Runner) announceMatches(ctx context.Context, hooks []offprint.Webhook) error {
	searches, err := r.Store.AlertSearches(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, s := range searches {
		if err := r.announceSearch(ctx, s, hooks); err != nil {
			failed = append(failed, fmt.Errorf("alert %d: %w", s.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (r *Runner) announceSearch(ctx context.Context, s offprint.SavedSearch, hooks []offprint.Webhook) error {
	query, err := offprint.ParseQuery(s.Query)
	if err != nil {
		return err
	}
	body := alertBody{Event: offprint.EventAlert, Search: s.Name, Query: s.Query}
	newest := s.LastID
	q := offprint.PaperQuery{ReaderID: s.ReaderID, Search: query, AfterID: s.LastID, Sort: offprint.SortTime, Limit: 200}
	for {
		page, err := r.Store.Papers(ctx, q)
		if err != nil {
			return err
		}
		for _, p := range page.Items {
			newest = max(newest, p.ID)
			body.Total++
			if len(body.Papers) < maxAlert {
				body.Papers = append(body.Papers, alertPaper{
					Key: p.Key, ArXivID: p.ArXivID, Title: p.Title,
					Authors: p.Authors[:min(len(p.Authors), maxAuthors)],
					URL:     r.BaseURL + "/paper/" + p.Key,
				})
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if body.Total == 0 {
		return nil
	}
	hooks = slices.DeleteFunc(slices.Clone(hooks), func(h offprint.Webhook) bool { return h.ReaderID != s.ReaderID })
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if list := deliveries(hooks, offprint.EventAlert, fmt.Sprintf("%d:%d", s.ID, newest), encoded); len(list) > 0 {
		if _, err := r.client.InsertMany(ctx, list); err != nil {
			return err
		}
	}
	// Its owner may have changed it meanwhile: only LastID is ours.
	current, err := r.Store.SavedSearches(ctx, s.ReaderID)
	if err != nil {
		return err
	}
	for _, c := range current {
		if c.ID == s.ID {
			c.LastID = newest
			return r.Store.UpdateSavedSearch(ctx, &c)
		}
	}
	return nil // deleted meanwhile
}

// deliveries are the jobs that tell the webhooks that want an event of it.
func deliveries(hooks []offprint.Webhook, event offprint.WebhookEvent, subject string, body []byte) []river.InsertManyParams {
	var list []river.InsertManyParams
	for _, h := range hooks {
		if slices.Contains(h.Events, event) {
			list = append(list, river.InsertManyParams{Args: deliverArgs{
				WebhookID: h.ID, Event: event, Subject: string(event) + ":" + subject, Body: body,
			}})
		}
	}
	return list
}
