package web

import (
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
	ctx, me := r.Context(), readerID(r.Context())
	name, err := cleanName(r.PostFormValue("name"))
	if err != nil {
		return offprint.Errorf(offprint.KindInvalid, "Give the token a name of at most %d characters, so that you know it again.", maxName)
	}
	tokens, err := s.Store.APITokens(ctx, me)
	if err != nil {
		return err
	}
	if len(tokens) >= maxAPITokens {
		return offprint.Errorf(offprint.KindInvalid, "You have %d tokens: delete one first.", len(tokens))
	}
	secret := "offprint_" + offprint.NewSecret() // a name that scanners for leaked secrets can look for
	t := offprint.APIToken{ReaderID: me, Name: name, Hash: offprint.HashSecret(secret), Write: r.PostFormValue("write") != "", Created: s.now()}
	if err := s.Store.CreateAPIToken(ctx, &t); err != nil {
		return err
	}
	return s.renderPrograms(w, r, programsPage{Name: name, Secret: secret})
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
	ctx, me := r.Context(), readerID(r.Context())
	address, err := webAddress(r.PostFormValue("url"))
	if err != nil {
		return err
	}
	hook := offprint.Webhook{ReaderID: me, URL: address, Secret: offprint.NewSecret(), Created: s.now()}
	for _, e := range []offprint.WebhookEvent{offprint.EventDay, offprint.EventAlert} {
		if slices.Contains(r.PostForm["event"], string(e)) {
			hook.Events = append(hook.Events, e)
		}
	}
	if len(hook.Events) == 0 {
		return offprint.Errorf(offprint.KindInvalid, "Choose what the webhook is told of: new days, alerts, or both.")
	}
	hooks, err := s.Store.Webhooks(ctx, me)
	if err != nil {
		return err
	}
	if len(hooks) >= maxWebhooks {
		return offprint.Errorf(offprint.KindInvalid, "You have %d webhooks: delete one first.", len(hooks))
	}
	if err := s.Store.CreateWebhook(ctx, &hook); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs#webhooks", "Added. Its secret is below: the receiver checks signatures with it.")
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
	id, err := pathID(r)
	if err != nil {
		return err
	}
	hook, err := s.Store.Webhook(r.Context(), id)
	if err != nil {
		return err
	}
	if hook.ReaderID != readerID(r.Context()) {
		return offprint.Errorf(offprint.KindNotFound, "You have no such webhook.")
	}
	if s.TestWebhook == nil {
		return offprint.Errorf(offprint.KindInvalid, "Webhooks are not sent by this process.")
	}
	if err := s.TestWebhook(r.Context(), id); err != nil {
		return err
	}
	return s.done(w, r, "/settings/programs#webhooks", "A trial event is on its way. Load the page again to see what came of it.")
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
