package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/digest"
	"github.com/offprint/offprint/mail"
)

// mailSettings say how mail is sent.
type mailSettings struct {
	MailFrom         string `placeholder:"SENDER" help:"Sender of all mail: Papers <papers@example.org>."`
	SMTPHost         string `name:"smtp-host" placeholder:"HOST" help:"Mail server. Without it no mail is sent."`
	SMTPPort         int    `name:"smtp-port" placeholder:"PORT" help:"Its port; by default 587 for starttls, 465 for tls and 25 for none."`
	SMTPSecurity     string `name:"smtp-security" enum:"starttls,tls,none" default:"starttls" placeholder:"HOW" help:"How the connection is encrypted: ${enum}."`
	SMTPUser         string `name:"smtp-user" placeholder:"NAME" help:"User name, if the mail server asks for one."`
	SMTPPassword     secret `name:"smtp-password" placeholder:"PASSWORD" help:"Password; better given as a file."`
	SMTPPasswordFile string `name:"smtp-password-file" placeholder:"FILE" help:"File with the password in its first line."`
}

// sender returns what sends mail, or nil where no server is set.
func (s mailSettings) sender() (*mail.Sender, error) {
	if s.SMTPHost == "" {
		return nil, nil
	}
	password := string(s.SMTPPassword)
	if s.SMTPPasswordFile != "" {
		if password != "" {
			return nil, offprint.Errorf(offprint.KindInvalid, "smtp-password and smtp-password-file are both set: give one.")
		}
		text, err := os.ReadFile(s.SMTPPasswordFile)
		if err != nil {
			return nil, fmt.Errorf("smtp-password-file %s cannot be read: %s", s.SMTPPasswordFile, reasonOf(err))
		}
		password, _, _ = strings.Cut(string(text), "\n")
		password = strings.TrimSuffix(password, "\r")
	}
	return mail.New(mail.Config{
		Host: s.SMTPHost, Port: s.SMTPPort, Username: s.SMTPUser, Password: password,
		Security: mail.Security(s.SMTPSecurity), From: s.MailFrom,
	})
}

// newDigests returns the service for digests; sender may be nil.
func newDigests(store offprint.Store, sender *mail.Sender, base string, log *slog.Logger) (*digest.Service, error) {
	return digest.New(digest.Config{Store: store, Mail: sender, BaseURL: base, Log: log})
}

// signInMail mails links to sign in.
func signInMail(sender *mail.Sender) func(ctx context.Context, email, link string) error {
	return func(ctx context.Context, email, link string) error {
		return sender.Send(ctx, mail.Message{
			To:      email,
			Subject: "Sign in to Offprint",
			Text: "Open this link to sign in to Offprint:\n\n" + link + "\n\n" +
				"It works once, and not for long. If you did not ask for it, do nothing.\n",
		})
	}
}
