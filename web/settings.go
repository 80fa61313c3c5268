package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// routeSettings adds a reader's choices and their account.
func (s *Server) routeSettings(handle func(string, handlerFunc)) {
	handle("GET /settings", s.private(s.readingSettings))
	handle("POST /settings", s.private(s.saveReading))
	handle("GET /settings/mail", s.private(s.mailSettings))
	handle("GET /settings/account", s.private(s.accountSettings))
	handle("POST /settings/name", s.private(s.saveName))
	handle("POST /settings/address", s.private(s.slow(s.changeAddress)))
	handle("GET /settings/address/{secret}", s.private(s.slow(s.confirmAddress)))
	handle("POST /settings/address/{secret}", s.private(s.slow(s.saveAddress)))
	handle("POST /settings/sessions/end", s.private(s.endSession))
	handle("GET /settings/export", s.private(s.export))
	handle("POST /settings/delete", s.private(s.slow(s.deleteAccount)))
}

// settingsPage is one of the pages under a row of tabs.
type settingsPage struct {
	Tabs []tab
	Body any
}

func (s *Server) renderSettings(w http.ResponseWriter, r *http.Request, name, title string, body any) {
	p := settingsPage{Body: body}
	tabs := []tab{
		{Name: "Reading", URL: "/settings"},
		{Name: "Searches and feeds", URL: "/settings/searches"},
		{Name: "Mail", URL: "/settings/mail"},
		{Name: "Programs", URL: "/settings/programs"},
		{Name: "Account", URL: "/settings/account"},
	}
	if readerOf(r.Context()).Role == offprint.RoleOwner {
		tabs = append(tabs, tab{Name: "Readers", URL: "/settings/readers"}, tab{Name: "Reports", URL: "/settings/reports"})
	}
	for _, t := range tabs {
		t.Current = t.Name == title
		p.Tabs = append(p.Tabs, t)
	}
	s.render(w, r, http.StatusOK, name, page{Title: title, Nav: "settings", Content: p})
}

// done sends a form's sender on, with a sentence for the next page.
func (s *Server) done(w http.ResponseWriter, r *http.Request, next, sentence string) error {
	s.flash(r, sentence)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// pick is a category and whether Today shows it.
type pick struct {
	Name, Label string
	Sign        string // "+", "-" or ""
}

type readingPage struct {
	offprint.Settings
	Picks []pick
	Zones []string
	Sorts []offprint.Sort
}

// offeredCategories is how many of the most frequent categories have a switch;
// others are typed.
const offeredCategories = 24

func (s *Server) readingSettings(w http.ResponseWriter, r *http.Request) error {
	set := readerOf(r.Context()).Settings
	p := readingPage{Settings: set, Zones: timeZones, Sorts: []offprint.Sort{offprint.SortTrending, offprint.SortForYou, offprint.SortTime, offprint.SortVotes}}
	counts, err := s.Store.Categories(r.Context())
	if err != nil {
		return err
	}
	var names []string
	for _, c := range counts[:min(offeredCategories, len(counts))] {
		names = append(names, c.Name)
	}
	for _, c := range slices.Concat(set.Categories, set.NotCats) {
		if !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	slices.Sort(names)
	for _, c := range names {
		sign := ""
		if slices.Contains(set.Categories, c) {
			sign = "+"
		} else if slices.Contains(set.NotCats, c) {
			sign = "-"
		}
		p.Picks = append(p.Picks, pick{Name: c, Label: categoryName(c), Sign: sign})
	}
	s.renderSettings(w, r, "settings", "Reading", p)
	return nil
}

const maxChosenCategories = 200

func (s *Server) saveReading(w http.ResponseWriter, r *http.Request) error {
	reader := *readerOf(r.Context())
	set := offprint.Settings{
		TimeZone: strings.TrimSpace(r.PostForm.Get("zone")),
		Theme:    r.PostForm.Get("theme"),
		Dense:    r.PostForm.Get("dense") != "",
	}
	var signed []string
	for field, values := range r.PostForm {
		if name, ok := strings.CutPrefix(field, "cat."); ok && values[0] != "" {
			signed = append(signed, values[0]+name)
		}
	}
	slices.Sort(signed)
	signed = append(signed, words(r.PostForm.Get("others"))...)
	var err error
	if set.Categories, set.NotCats, err = signedCategories(signed); err != nil {
		return err
	}
	if set.Sort, err = offprint.ParseSort(r.PostForm.Get("sort"), ""); err != nil {
		return err
	}
	if err := checkSettings(&set); err != nil {
		return err
	}
	reader.Settings = set
	if err := s.Store.UpdateReader(r.Context(), &reader); err != nil {
		return err
	}
	return s.done(w, r, "/settings", "Saved.")
}

// checkSettings reports what is wrong with a reader's choices, apart from the
// categories.
func checkSettings(set *offprint.Settings) error {
	if err := checkZone(set.TimeZone); err != nil {
		return err
	}
	if set.Sort == offprint.SortRelevance || !slices.Contains([]string{"", "light", "dark"}, set.Theme) {
		return offprint.Errorf(offprint.KindInvalid, "Choose an order and a theme from the lists.")
	}
	return nil
}

// words splits what was typed at white space and commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' })
}

// signedCategories sorts categories with a sign in front ("+cs.CL", "-cs.CV";
// none is +) into those chosen and those left out. The last word on a category
// counts.
func signedCategories(signed []string) (yes, no []string, err error) {
	if len(signed) > maxChosenCategories {
		return nil, nil, offprint.Errorf(offprint.KindInvalid, "Those are too many categories: choose at most %d.", maxChosenCategories)
	}
	for _, c := range signed {
		minus := strings.HasPrefix(c, "-")
		name, err := cleanCategory(strings.TrimLeft(c, "+-"))
		if err != nil {
			return nil, nil, err
		}
		same := func(s string) bool { return s == name }
		yes, no = slices.DeleteFunc(yes, same), slices.DeleteFunc(no, same)
		if minus {
			no = append(no, name)
		} else {
			yes = append(yes, name)
		}
	}
	return yes, no, nil
}

// cleanCategory writes a category as searches do.
func cleanCategory(name string) (string, error) {
	q, err := offprint.ParseQuery(`cat:"` + name + `"`)
	if err != nil || len(q.Cats) != 1 || len(name) > 64 || strings.Contains(name, `"`) || len(q.Terms) > 0 {
		return "", offprint.Errorf(offprint.KindInvalid, "%s is not a category: write it as cs.CL.", quoted(name))
	}
	return q.Cats[0], nil
}

type mailPage struct {
	Ready         bool // mail is set up
	Subscriptions []subscriptionRow
}

// subscriptionRow is a subscription in a list.
type subscriptionRow struct {
	offprint.Subscription
	Next time.Time // when the next digest is due; zero when none is
}

func (s *Server) mailSettings(w http.ResponseWriter, r *http.Request) error {
	subs, err := s.Store.SubscriptionsOf(r.Context(), readerID(r.Context()))
	if err != nil {
		return err
	}
	p := mailPage{Ready: s.Digests != nil}
	for _, sub := range subs {
		row := subscriptionRow{Subscription: sub}
		if sub.State == offprint.SubscriptionActive {
			row.Next = offprint.NextSend(&sub, s.now())
		}
		p.Subscriptions = append(p.Subscriptions, row)
	}
	s.renderSettings(w, r, "settings_mail", "Mail", p)
	return nil
}

// sessionRow is a place where a reader is signed in.
type sessionRow struct {
	ID, Browser   string
	Created, Seen time.Time
	Current       bool
}

type accountPage struct {
	offprint.Reader
	Mail     bool // a new address is confirmed by mail
	Sessions []sessionRow
}

func (s *Server) accountSettings(w http.ResponseWriter, r *http.Request) error {
	p := accountPage{Reader: *readerOf(r.Context()), Mail: s.SendSignIn != nil}
	var err error
	if p.Sessions, err = s.mySessions(r.Context()); err != nil {
		return err
	}
	s.renderSettings(w, r, "settings_account", "Account", p)
	return nil
}

// mySessions returns where the asking reader is signed in, the latest first.
func (s *Server) mySessions(ctx context.Context) ([]sessionRow, error) {
	me, current := readerID(ctx), s.sessions.GetString(ctx, sessionID)
	var rows []sessionRow
	err := s.sessions.Iterate(ctx, func(ctx context.Context) error {
		if s.sessions.GetInt64(ctx, sessionReader) == me {
			id := s.sessions.GetString(ctx, sessionID)
			rows = append(rows, sessionRow{
				ID: id, Browser: s.sessions.GetString(ctx, sessionAgent), Current: id == current,
				Created: s.sessions.GetTime(ctx, sessionCreated), Seen: s.sessions.GetTime(ctx, sessionSeen),
			})
		}
		return nil
	})
	slices.SortFunc(rows, func(a, b sessionRow) int { return b.Seen.Compare(a.Seen) })
	return rows, err
}

func (s *Server) saveName(w http.ResponseWriter, r *http.Request) error {
	reader := *readerOf(r.Context())
	var err error
	if reader.Name, err = cleanName(r.PostFormValue("name")); err != nil {
		return err
	}
	if err := s.Store.UpdateReader(r.Context(), &reader); err != nil {
		return err
	}
	return s.done(w, r, "/settings/account", "Saved.")
}

func (s *Server) changeAddress(w http.ResponseWriter, r *http.Request) error {
	email, err := offprint.CleanEmail(r.PostFormValue("email"))
	if err != nil {
		return err
	}
	mailed, err := s.moveTo(r.Context(), email)
	switch {
	case err != nil:
		return err
	case !mailed:
		return s.done(w, r, "/settings/account", "Saved.")
	}
	return s.done(w, r, "/settings/account", "A link is on its way to "+email+". Your address changes once you have opened it here, signed in.")
}

// moveTo mails a link to the asking reader's new address, which confirms it.
// Without mail an owner, who runs the machine, is believed.
func (s *Server) moveTo(ctx context.Context, email string) (mailed bool, err error) {
	reader := *readerOf(ctx)
	if s.SendSignIn == nil {
		if reader.Role != offprint.RoleOwner {
			return false, offprint.Errorf(offprint.KindInvalid, "No mail is set up here, so a new address cannot be confirmed. Ask the owner.")
		}
		reader.Email = email
		return false, s.Store.UpdateReader(ctx, &reader)
	}
	if !s.limits.mayMail(email) {
		return false, errTooManyMails
	}
	s.background(ctx, "address mail", func(ctx context.Context) error {
		// An address that has an account gets nothing, and nobody learns of it.
		if _, err := s.Store.ReaderByEmail(ctx, email); err == nil || offprint.KindOf(err) != offprint.KindNotFound {
			return err
		}
		link, err := s.newLink(ctx, "/settings/address/", addressValid, offprint.Token{Purpose: offprint.PurposeEmail, Email: email, By: reader.ID})
		if err != nil {
			return err
		}
		return s.SendSignIn(ctx, email, link)
	})
	return true, nil
}

// addressToken checks the address's token, which is for its reader alone.
func (s *Server) addressToken(r *http.Request) (*offprint.Token, error) {
	t, err := s.token(r, offprint.PurposeEmail)
	if err == nil && t.By != readerID(r.Context()) {
		return nil, offprint.Errorf(offprint.KindForbidden, "This link is for another account: sign in to that one first.")
	}
	return t, err
}

func (s *Server) confirmAddress(w http.ResponseWriter, r *http.Request) error {
	t, err := s.addressToken(r)
	if err != nil {
		return err
	}
	s.confirm(w, r, confirmPage{Heading: "Your new address", Lede: "From now on, sign in as " + t.Email + ".", Button: "Use this address"})
	return nil
}

func (s *Server) saveAddress(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.addressToken(r); err != nil {
		return err
	}
	t, err := s.useToken(r, offprint.PurposeEmail)
	if err != nil {
		return err
	}
	reader := *readerOf(r.Context())
	reader.Email = t.Email
	if err := s.Store.UpdateReader(r.Context(), &reader); err != nil {
		return err
	}
	return s.done(w, r, "/settings/account", "Your address is now "+t.Email+".")
}

// endSession ends one session, or all but this one.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	current := s.sessions.GetString(ctx, sessionID)
	id := r.PostFormValue("id")
	pick := func(other string) bool { return other == id }
	switch id {
	case "":
		return offprint.Errorf(offprint.KindInvalid, "Choose a session to end.")
	case current:
		return s.signOut(w, r)
	case "others":
		pick = func(other string) bool { return other != current }
	}
	if err := s.endSessions(ctx, readerID(ctx), pick); err != nil {
		return err
	}
	return s.done(w, r, "/settings/account#sessions", "Ended.")
}

// export sends everything that is stored of the reader.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	data, err := s.Store.ReaderData(r.Context(), readerID(r.Context()))
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="offprint-`+offprint.DateOf(s.now()).String()+`.json"`)
	_, err = w.Write(b)
	return err
}

// deleteAccount removes the reader, who has typed their name to mean it.
func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request) error {
	if err := s.endAccount(r.Context(), r.PostFormValue("confirm")); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in/goodbye", http.StatusSeeOther)
	return nil
}

// endAccount deletes the asking reader and ends all of their sessions, this one
// included.
func (s *Server) endAccount(ctx context.Context, confirmed string) error {
	reader := readerOf(ctx)
	if strings.Join(strings.Fields(confirmed), " ") != reader.Name {
		return offprint.Errorf(offprint.KindInvalid, "To delete your account, type your name exactly as it is shown: %s.", reader.Name)
	}
	if err := s.Store.DeleteReader(ctx, reader.ID); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "account deleted", "reader", reader.ID)
	if err := s.Engine.Forget(ctx, reader.ID); err != nil {
		return err
	}
	if err := s.endSessions(ctx, reader.ID, everySession); err != nil {
		return err
	}
	return s.sessions.Destroy(ctx)
}
