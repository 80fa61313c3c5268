package web

import (
	"cmp"
	"net/http"

	"github.com/offprint/offprint"
)

func (s *Server) apiProfile(r *http.Request, _ nothing) (profileJSON, error) {
	return jsonProfile(readerOf(r.Context())), nil
}

type changeProfileInput struct{ Body profileChangeJSON }

func (s *Server) apiChangeProfile(r *http.Request, in changeProfileInput) (profileJSON, error) {
	reader := *readerOf(r.Context())
	if in.Body.Name != nil {
		var err error
		if reader.Name, err = cleanName(*in.Body.Name); err != nil {
			return profileJSON{}, err
		}
	}
	if in.Body.Settings != nil {
		if err := in.Body.Settings.apply(&reader.Settings); err != nil {
			return profileJSON{}, err
		}
	}
	if err := s.Store.UpdateReader(r.Context(), &reader); err != nil {
		return profileJSON{}, err
	}
	return jsonProfile(&reader), nil
}

// apply changes settings as asked, and checks them.
func (c *settingsChangeJSON) apply(set *offprint.Settings) error {
	if c.Categories != nil || c.NotCategories != nil {
		yes, no := set.Categories, set.NotCats
		if c.Categories != nil {
			yes = *c.Categories
		}
		if c.NotCategories != nil {
			no = *c.NotCategories
		}
		var signed []string
		for _, name := range yes {
			signed = append(signed, "+"+name)
		}
		for _, name := range no {
			signed = append(signed, "-"+name)
		}
		var err error
		if set.Categories, set.NotCats, err = signedCategories(signed); err != nil {
			return err
		}
	}
	if c.TimeZone != nil {
		set.TimeZone = *c.TimeZone
	}
	if c.Sort != nil {
		var err error
		if set.Sort, err = offprint.ParseSort(*c.Sort, ""); err != nil {
			return err
		}
	}
	if c.Theme != nil {
		set.Theme = *c.Theme
		if set.Theme == systemTheme {
			set.Theme = ""
		}
	}
	if c.Dense != nil {
		set.Dense = *c.Dense
	}
	return checkSettings(set)
}

type changeEmailInput struct{ Body emailJSON }

func (s *Server) apiChangeEmail(r *http.Request, in changeEmailInput) (messageJSON, error) {
	email, err := offprint.CleanEmail(in.Body.Email)
	if err != nil {
		return messageJSON{}, err
	}
	mailed, err := s.moveTo(r.Context(), email)
	if mailed {
		return messageJSON{"A link is on its way to the new address. The address changes once it has been opened, signed in."}, err
	}
	return messageJSON{"The address is changed."}, err
}

type deleteAccountInput struct {
	Confirm string `query:"confirm" doc:"Your name, exactly as it is shown, to mean it."`
}

func (s *Server) apiDeleteAccount(r *http.Request, in deleteAccountInput) (nothing, error) {
	return nothing{}, s.endAccount(r.Context(), in.Confirm)
}

func (s *Server) apiExport(r *http.Request, _ nothing) (exportJSON, error) {
	me := readerID(r.Context())
	data, err := s.Store.ReaderData(r.Context(), me)
	if err != nil {
		return exportJSON{}, err
	}
	return exportJSON{
		Profile: jsonProfile(&data.Reader),
		Papers: listOf(data.Papers, func(p *offprint.ReaderPaper) paperMarksJSON {
			return paperMarksJSON{p.Key, p.Title, p.Vote.UTC(), p.Save.UTC(), p.Read.UTC(), p.Hide.UTC(), some(p.Tags), p.Note}
		}),
		Comments: listOf(data.Comments, func(c *offprint.Comment) commentJSON { return s.jsonComment(c, me) }),
		Searches: listOf(data.Searches, s.jsonSearch),
		PublishedTags: listOf(data.PublishedTags, func(t *offprint.PublishedTag) publishedTagJSON {
			return publishedTagJSON{t.Tag, s.tagFeed(t)}
		}),
		Subscriptions: listOf(data.Subscriptions, s.jsonSubscription),
		Webhooks:      listOf(data.Webhooks, jsonWebhook),
		Tokens:        listOf(data.APITokens, jsonToken),
	}, nil
}

func (s *Server) apiListSessions(r *http.Request, _ nothing) (sessionListJSON, error) {
	rows, err := s.mySessions(r.Context())
	return sessionListJSON{listOf(rows, func(row *sessionRow) sessionJSON {
		return sessionJSON{row.ID, row.Browser, row.Created.UTC(), row.Seen.UTC(), row.Current}
	})}, err
}

type sessionInput struct {
	ID string `path:"id"`
}

func (s *Server) apiEndSession(r *http.Request, in sessionInput) (nothing, error) {
	ctx := r.Context()
	rows, err := s.mySessions(ctx)
	if err != nil {
		return nothing{}, err
	}
	for _, row := range rows {
		switch {
		case row.ID != in.ID:
		case row.Current:
			return nothing{}, s.sessions.Destroy(ctx)
		default:
			return nothing{}, s.endSessions(ctx, readerID(ctx), func(id string) bool { return id == in.ID })
		}
	}
	return nothing{}, offprint.Errorf(offprint.KindNotFound, "You have no such session.")
}

func (s *Server) apiEndOtherSessions(r *http.Request, _ nothing) (nothing, error) {
	ctx := r.Context()
	current := s.sessions.GetString(ctx, sessionID)
	return nothing{}, s.endSessions(ctx, readerID(ctx), func(id string) bool { return id != current })
}

func (s *Server) apiListTokens(r *http.Request, _ nothing) (tokenListJSON, error) {
	tokens, err := s.Store.APITokens(r.Context(), readerID(r.Context()))
	return tokenListJSON{listOf(tokens, jsonToken)}, err
}

type newTokenInput struct{ Body newTokenJSON }

func (s *Server) apiAddToken(r *http.Request, in newTokenInput) (tokenJSON, error) {
	t, secret, err := s.newAPIToken(r.Context(), in.Body.Name, in.Body.Write)
	if err != nil {
		return tokenJSON{}, err
	}
	out := jsonToken(t)
	out.Secret = secret
	return out, nil
}

func (s *Server) apiDeleteToken(r *http.Request, in idInput) (nothing, error) {
	return nothing{}, s.Store.DeleteAPIToken(r.Context(), readerID(r.Context()), in.ID)
}

func (s *Server) apiListSubscriptions(r *http.Request, _ nothing) (subscriptionListJSON, error) {
	subs, err := s.Store.SubscriptionsOf(r.Context(), readerID(r.Context()))
	return subscriptionListJSON{listOf(subs, s.jsonSubscription)}, err
}

type newSubscriptionInput struct{ Body newSubscriptionJSON }

func (s *Server) apiSubscribe(r *http.Request, in newSubscriptionInput) (messageJSON, error) {
	if s.Digests == nil {
		return messageJSON{}, errNoMail
	}
	sub := offprint.Subscription{
		ReaderID: readerID(r.Context()), Email: in.Body.Email, Frequency: offprint.Frequency(in.Body.Frequency),
		Hour: 7, TimeZone: cmp.Or(in.Body.TimeZone, "UTC"), Query: in.Body.Query, Count: cmp.Or(in.Body.Count, 20),
	}
	if in.Body.Hour != nil {
		sub.Hour = *in.Body.Hour
	}
	if err := sub.Check(); err != nil {
		return messageJSON{}, err
	}
	return messageJSON{"A mail with a link is on its way, unless the address has this digest already. The digest starts once the link has been opened."},
		s.requestSubscription(r.Context(), sub)
}

func (s *Server) apiUnsubscribe(r *http.Request, in idInput) (nothing, error) {
	sub, err := s.Store.Subscription(r.Context(), in.ID)
	if err != nil {
		return nothing{}, err
	}
	if sub.ReaderID != readerID(r.Context()) {
		return nothing{}, offprint.Errorf(offprint.KindNotFound, "You have no such subscription.")
	}
	return nothing{}, s.endSubscription(r.Context(), sub)
}
