package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/offprint/offprint"
)

// routePrograms adds what lets programs read along: API tokens and webhooks.
func (s *Server) routePrograms(handle func(string, handlerFunc)) {
	handle("GET /settings/programs", s.private(s.programSettings))
	handle("POST /settings/tokens", s.private(s.slow(s.createAPIToken)))
	handle("POST /settings/tokens/{id}/delete", s.private(s.deleteAPIToken))
	handle("POST /settings/webhooks", s.private(s.slow(s.createWebhook)))
	handle("POST /settings/webhooks/{id}/test", s.private(s.slow(s.testWebhook)))
	handle("POST /settings/webhooks/{id}/delete", s.private(s.deleteWebhook))
}

const (
	maxAPITokens = 50
	maxWebhooks  = 20
	maxURL       = 2000 // bytes
)

type programsPage struct {
	Tokens   []offprint.APIToken
	Webhooks []offprint.Webhook
	Test     bool   // webhooks can be tried
	Name     string // of a token that has just been made
	Secret   string // of that token: shown this once
}

func (s *Server) programSettings(w http.ResponseWriter, r *http.Request) error {
	return s.renderPrograms(w, r, programsPage{})
}

func (s *Server) renderPrograms(w http.ResponseWriter, r *http.Request, p programsPage) error {
	ctx, me := r.Context(), readerID(r.Context())
	p.Test = s.TestWebhook != nil
	var err error
	if p.Tokens, err = s.Store.APITokens(ctx, me); err != nil {
		return err
	}
	if p.Webhooks, err = s.Store.Webhooks(ctx, me); err != nil {
		return err
	}
	s.renderSettings(w, r, "settings_programs", "Programs", p)
	return nil
}

// createAPIToken answers with the page itself, not with a redirect: the secret
// is never stored, so that no later page could show it.
func (s *Server) createAPIToken(w http.ResponseWriter, r *http.Request) error {
	t, secret, err := s.newAPIToken(r.Context(), r.PostFormValue("name"), r.PostFormValue("write") != "")
	if err != nil {
		return err
	}
	return s.renderPrograms(w, r, programsPage{Name: t.Name, Secret: secret})
}

// newAPIToken stores a token for the asking reader, and returns it with its secret.
func (s *Server) newAPIToken(ctx context.Context, typed string, write bool) (t *offprint.APIToken, secret string, err error) {
	name, err := cleanName(typed)
	if err != nil {
		return nil, "", offprint.Errorf(offprint.KindInvalid, "Give the token a name of at most %d characters, so that you know it again.", maxName)
	}
	me := readerID(ctx)
	tokens, err := s.Store.APITokens(ctx, me)
	if err != nil {
		return nil, "", err
	}
	if len(tokens) >= maxAPITokens {
		return nil, "", offprint.Errorf(offprint.KindInvalid, "You have %d tokens: delete one first.", len(tokens))
	}
	secret = "offprint_" + offprint.NewSecret() // a name that scanners for leaked secrets can look for
	t = &offprint.APIToken{ReaderID: me, Name: name, Hash: offprint.HashSecret(secret), Write: write, Created: s.now()}
	return t, secret, s.Store.CreateAPIToken(ctx, t)
}

func (s *Server) deleteAPIToken(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteAPIToken(r.Context(), readerID(r.Context()), id); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs", "Deleted. Programs that use it are refused from now on.")
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.newWebhook(r.Context(), r.PostFormValue("url"), r.PostForm["event"]); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs#webhooks", "Added. Its secret is below: the receiver checks signatures with it.")
}

// newWebhook stores a webhook of the asking reader's, with a secret of its own.
func (s *Server) newWebhook(ctx context.Context, address string, events []string) (*offprint.Webhook, error) {
	me := readerID(ctx)
	address, err := webAddress(address)
	if err != nil {
		return nil, err
	}
	hook := &offprint.Webhook{ReaderID: me, URL: address, Secret: offprint.NewSecret(), Created: s.now()}
	for _, name := range events {
		e := offprint.WebhookEvent(name)
		if e != offprint.EventDay && e != offprint.EventAlert {
			return nil, offprint.Errorf(offprint.KindInvalid, "%s is not an event: use day or alert.", quoted(name))
		}
		if !slices.Contains(hook.Events, e) {
			hook.Events = append(hook.Events, e)
		}
	}
	if len(hook.Events) == 0 {
		return nil, offprint.Errorf(offprint.KindInvalid, "Choose what the webhook is told of: new days, alerts, or both.")
	}
	hooks, err := s.Store.Webhooks(ctx, me)
	if err != nil {
		return nil, err
	}
	if len(hooks) >= maxWebhooks {
		return nil, offprint.Errorf(offprint.KindInvalid, "You have %d webhooks: delete one first.", len(hooks))
	}
	return hook, s.Store.CreateWebhook(ctx, hook)
}

// webAddress checks an address that Offprint is asked to call. Whether it may
// be called (it could be private) is decided when it is.
func webAddress(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || len(s) > maxURL {
		return "", offprint.Errorf(offprint.KindInvalid, "%s is not a web address: write it in full, such as https://example.org/feed, without a name or a password.", quoted(s))
	}
	u.Fragment = ""
	return u.String(), nil
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request) error {
	hook, err := s.myWebhook(r)
	if err != nil {
		return err
	}
	if err := s.tryWebhook(r.Context(), hook); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs#webhooks", "A trial event is on its way. Load the page again to see what came of it.")
}

// myWebhook finds the reader's own webhook of the address.
func (s *Server) myWebhook(r *http.Request) (*offprint.Webhook, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	hook, err := s.Store.Webhook(r.Context(), id)
	if err == nil && hook.ReaderID != readerID(r.Context()) {
		return nil, offprint.Errorf(offprint.KindNotFound, "You have no such webhook.")
	}
	return hook, err
}

// tryWebhook asks for a trial event, which follows later.
func (s *Server) tryWebhook(ctx context.Context, hook *offprint.Webhook) error {
	if s.TestWebhook == nil {
		return offprint.Errorf(offprint.KindInvalid, "Webhooks are not sent by this process.")
	}
	return s.TestWebhook(ctx, hook.ID)
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteWebhook(r.Context(), readerID(r.Context()), id); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs#webhooks", "Deleted.")
}
