package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/digest"
	"github.com/offprint/offprint/mail"
	"github.com/offprint/offprint/sqlite"
)

type digestCmd struct {
	List    digestListCmd    `cmd:"" help:"List the subscriptions."`
	Preview digestPreviewCmd `cmd:"" help:"Print a digest as it would be mailed."`
	Send    digestSendCmd    `cmd:"" help:"Send the digests that are due; serve does so by itself."`
}

type digestListCmd struct{}

func (digestListCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		all, err := store.Subscriptions(ctx, "")
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tADDRESS\tEVERY\tHOUR\tZONE\tQUERY\tCOUNT\tSTATE")
		for _, s := range all {
			state := string(s.State)
			if s.LastError != "" {
				state += ": " + printable(s.LastError)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%d\t%s\n", s.ID, printable(s.Email), s.Frequency, s.Hour, s.TimeZone, dash(printable(s.Query)), s.Count, state)
		}
		return w.Flush()
	})
}

type digestPreviewCmd struct {
	siteSettings

	ID        int64  `arg:"" optional:"" help:"Number of a subscription (see offprint digest list). Without it, the flags say what the digest is."`
	Frequency string `env:"-" enum:"daily,weekdays,weekly,monthly" default:"daily" placeholder:"HOW" help:"How often: ${enum}."`
	Query     string `env:"-" placeholder:"SEARCH" help:"Only papers that this search finds, such as cat:cs.CL."`
	Count     int    `env:"-" default:"20" placeholder:"N" help:"How many papers."`
	TimeZone  string `env:"-" default:"UTC" placeholder:"ZONE" help:"Time zone whose days count, such as Europe/Berlin."`
	HTML      bool   `env:"-" name:"html" help:"Print the HTML part, to look at in a browser."`
}

func (c digestPreviewCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		now := time.Now()
		sub := &offprint.Subscription{
			Email: "preview@example.org", Frequency: offprint.Frequency(c.Frequency), TimeZone: c.TimeZone, Query: c.Query, Count: c.Count,
			State: offprint.SubscriptionActive, Secret: "preview",
		}
		if c.ID != 0 {
			var err error
			if sub, err = store.Subscription(ctx, c.ID); err != nil {
				return err
			}
		}
		service, err := newDigests(store, nil, c.baseURL(), e.log)
		if err != nil {
			return err
		}
		m, err := service.Preview(ctx, *sub, now)
		if err != nil {
			return err
		}
		if c.HTML {
			_, err = io.WriteString(e.stdout, m.HTML)
			return err
		}
		return (&mail.Console{W: e.stdout}).Send(ctx, m)
	})
}

type digestSendCmd struct {
	siteSettings
	mailSettings

	DryRun bool `env:"-" help:"Only say what would be sent to whom. Nothing is sent or recorded."`
}

func (c digestSendCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		sender, err := c.sender()
		if err != nil {
			return err
		}
		if sender == nil && !c.DryRun {
			return mail.ErrNotConfigured
		}
		service, err := newDigests(store, sender, c.baseURL(), e.quietLog(e.stderr))
		if err != nil {
			return err
		}
		if c.DryRun {
			plans, err := service.DryRun(ctx, time.Now())
			if err != nil {
				return err
			}
			return printPlans(e.stdout, plans)
		}
		report, err := service.Run(ctx, time.Now())
		fmt.Fprintln(e.stdout, report)
		return err
	})
}

func printPlans(out io.Writer, plans []digest.Plan) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tADDRESS\tDIGEST\tPAPERS\tWOULD")
	for _, p := range plans {
		would := "do nothing: " + string(p.State)
		switch {
		case p.Send:
			would = "send: " + printable(p.Subject)
		case p.State == offprint.DeliveryRetry:
			would = "try again at " + moment(p.NextTry)
		case p.State == "":
			would = "do nothing: no papers"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", p.Subscription.ID, printable(p.Subscription.Email), p.Period, p.Papers, would)
	}
	return w.Flush()
}
