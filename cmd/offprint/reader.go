package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

const (
	inviteFor = 14 * 24 * time.Hour
	signInFor = 30 * time.Minute
	ownerFor  = 7 * 24 * time.Hour
)

type inviteCmd struct {
	siteSettings

	Email string `arg:"" optional:"" help:"Mail address that the account will have; without it, its holder chooses."`
	Owner bool   `env:"-" help:"Let them run the service."`
}

func (c inviteCmd) Run(ctx context.Context, e *env) error {
	t := offprint.Token{Purpose: offprint.PurposeInvite, Role: offprint.RoleReader}
	if c.Owner {
		t.Role = offprint.RoleOwner
	}
	if c.Email != "" {
		var err error
		if t.Email, err = offprint.CleanEmail(c.Email); err != nil {
			return err
		}
	}
	return e.withStore(ctx, func(store *sqlite.Store) error {
		link, err := newLink(ctx, store, c.baseURL()+"/invite/", t, inviteFor)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, link)
		fmt.Fprintln(e.stderr, "This link opens an account, once, within 14 days. Give it to nobody but its holder.")
		return nil
	})
}

type signInCmd struct {
	siteSettings

	Email string `arg:"" optional:"" help:"Mail address of the account; without it, the owner's."`
}

func (c signInCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		t := offprint.Token{Purpose: offprint.PurposeSignIn}
		if c.Email != "" {
			email, err := offprint.CleanEmail(c.Email)
			if err != nil {
				return err
			}
			if _, err := store.ReaderByEmail(ctx, email); err != nil {
				return err
			}
			t.Email = email
		}
		link, err := newLink(ctx, store, c.baseURL()+"/sign-in/", t, signInFor)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, link)
		fmt.Fprintln(e.stderr, "This link signs in, once, within half an hour.")
		return nil
	})
}

// newLink stores a token and returns the only link that has its secret.
func newLink(ctx context.Context, store offprint.Store, address string, t offprint.Token, valid time.Duration) (string, error) {
	secret := offprint.NewSecret()
	t.Hash, t.Created = offprint.HashSecret(secret), time.Now()
	t.Expires = t.Created.Add(valid)
	return address + secret, store.CreateToken(ctx, t)
}

type readerCmd struct {
	List    readerListCmd    `cmd:"" help:"List the readers."`
	Suspend readerSuspendCmd `cmd:"" help:"Keep a reader out, without deleting anything."`
	Resume  readerResumeCmd  `cmd:"" help:"Let a suspended reader in again."`
}

type readerListCmd struct{}

func (readerListCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		readers, err := store.Readers(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ADDRESS\tNAME\tROLE\tSINCE\tSTATE")
		for _, r := range readers {
			state := "active"
			if r.Suspended {
				state = "suspended"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", dash(printable(r.Email)), dash(printable(r.Name)), r.Role, r.Created.Format(time.DateOnly), state)
		}
		return w.Flush()
	})
}

type readerSuspendCmd struct {
	Email string `arg:"" help:"Mail address of the reader."`
}

func (c readerSuspendCmd) Run(ctx context.Context, e *env) error {
	return suspend(ctx, e, c.Email, true)
}

type readerResumeCmd struct {
	Email string `arg:"" help:"Mail address of the reader."`
}

func (c readerResumeCmd) Run(ctx context.Context, e *env) error {
	return suspend(ctx, e, c.Email, false)
}

func suspend(ctx context.Context, e *env, email string, on bool) error {
	email, err := offprint.CleanEmail(email)
	if err != nil {
		return err
	}
	return e.withStore(ctx, func(store *sqlite.Store) error {
		reader, err := store.ReaderByEmail(ctx, email)
		if err != nil {
			return err
		}
		reader.Suspended = on
		return store.UpdateReader(ctx, reader)
	})
}
