package web

import (
	"context"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// routeDigest adds subscribing to a digest and the pages that its mails link.
// Their secrets stand for the address: nobody needs an account.
func (s *Server) routeDigest(handle func(string, handlerFunc)) {
	handle("GET /subscribe", s.inSession(s.subscribeForm))
	handle("POST /subscribe", s.inSession(s.slow(s.subscribe)))
	handle("GET /subscribe/sent", s.inSession(s.subscribeSent))
	handle("GET /digest/confirm/{secret}", s.inSession(s.slow(s.confirmSubscriptionForm)))
	handle("POST /digest/confirm/{secret}", s.inSession(s.slow(s.confirmSubscription)))
	handle("GET /digest/manage/{secret}", s.inSession(s.slow(s.manageSubscription)))
	handle("POST /digest/manage/{secret}", s.inSession(s.slow(s.changeSubscription)))
	// Not slowed down: a mail service unsubscribes many people from one address.
	handle("GET /digest/unsubscribe/{secret}", s.inSession(s.unsubscribeForm))
	handle("POST /digest/unsubscribe/{secret}", s.inSession(s.unsubscribe))
}

// The kinds of paper that a digest can be about, as forms call them.
const (
	aboutAll        = "all"
	aboutCategories = "categories"
	aboutSaved      = "saved"
	aboutSearch     = "search"
)

// subscribePage is the form of a subscription, new or not.
type subscribePage struct {
	Ready, Owner bool // mail is set up; the owner is asking
	Problem      string
	Action       string
	Secret       string // of a subscription that is there; empty for a new one
	Sub          offprint.Subscription
	Next         time.Time
	About        string
	Categories   string // "cs.CL stat.ML -cs.CV"
	Search       string
	SavedID      int64
	Saved        []offprint.SavedSearch
	Frequencies  []frequencyChoice
	Hours        []int
	Counts       []int
	Zones        []string
	Preview      *digestPreview
}

type frequencyChoice struct {
	Value offprint.Frequency
	Name  string
}

// digestPreview shows what a choice brings.
type digestPreview struct {
	Span   string
	Titles []previewTitle
	Search string // address of all that it matches
}

type previewTitle struct {
	Key  string
	HTML template.HTML
}

// newSubscribePage fills in what all forms of a subscription offer.
func (s *Server) newSubscribePage(ctx context.Context, sub offprint.Subscription) (subscribePage, error) {
	reader := readerOf(ctx)
	p := subscribePage{
		Ready: s.Digests != nil, Owner: reader != nil && reader.Role == offprint.RoleOwner,
		Sub: sub, Counts: []int{5, 10, 20, 30, 50, 100}, Zones: timeZones,
		Frequencies: []frequencyChoice{
			{offprint.Daily, "Every day"}, {offprint.Weekdays, "Monday to Friday"},
			{offprint.Weekly, "Once a week, on Monday"}, {offprint.Monthly, "Once a month, on the first"},
		},
	}
	for h := range 24 {
		p.Hours = append(p.Hours, h)
	}
	p.About, p.Categories, p.Search = about(sub.Query)
	if reader == nil {
		return p, nil
	}
	var err error
	p.Saved, err = s.Store.SavedSearches(ctx, reader.ID)
	return p, err
}

// about tells which field of the form a subscription's query belongs in.
func about(query string) (kind, categories, search string) {
	if query == "" {
		return aboutAll, "", ""
	}
	q, err := offprint.ParseQuery(query)
	only := offprint.Query{Cats: q.Cats, NotCats: q.NotCats}
	if err != nil || q.IsZero() || only.String() != q.String() {
		return aboutSearch, "", query
	}
	parts := slices.Clone(q.Cats)
	for _, c := range q.NotCats {
		parts = append(parts, "-"+c)
	}
	if slices.ContainsFunc(parts, func(c string) bool { return strings.ContainsAny(c, " ,") }) {
		return aboutSearch, "", query // a feed's category, that the field cannot hold
	}
	return aboutCategories, strings.Join(parts, " "), ""
}

// subscribeForm shows the form, filled in as far as the reader or the address
// (?query=, from a search) tell.
func (s *Server) subscribeForm(w http.ResponseWriter, r *http.Request) error {
	sub := offprint.Subscription{Frequency: offprint.Daily, Hour: 7, TimeZone: "UTC", Count: 20, Query: strings.TrimSpace(r.URL.Query().Get("query"))}
	if reader := readerOf(r.Context()); reader != nil {
		sub.Email = reader.Email
		if reader.Settings.TimeZone != "" {
			sub.TimeZone = reader.Settings.TimeZone
		}
		if sub.Query == "" {
			sub.Query = offprint.Query{Cats: reader.Settings.Categories, NotCats: reader.Settings.NotCats}.String()
		}
	}
	p, err := s.newSubscribePage(r.Context(), sub)
	if err != nil {
		return err
	}
	s.renderSubscribe(w, r, http.StatusOK, p)
	return nil
}

func (s *Server) renderSubscribe(w http.ResponseWriter, r *http.Request, status int, p subscribePage) {
	p.Action = r.URL.Path
	title, canonical := "Papers by mail", "/subscribe"
	if p.Secret != "" {
		title, canonical = "Your digest", ""
	}
	s.render(w, r, status, "subscribe", page{
		Title: title, Canonical: canonical, Description: "New papers in your inbox: every day, every week or every month.", Content: p,
	})
}

// readSubscription fills a subscription in from its form. The page that it
// returns shows the form as it was sent.
func (s *Server) readSubscription(r *http.Request, sub *offprint.Subscription) (subscribePage, error) {
	sub.Frequency = offprint.Frequency(r.PostFormValue("frequency"))
	sub.TimeZone = strings.TrimSpace(r.PostFormValue("zone"))
	if sub.TimeZone == "" {
		sub.TimeZone = "UTC"
	}
	var problem error
	number := func(field string) int {
		n, err := strconv.Atoi(r.PostFormValue(field))
		if err != nil {
			problem = offprint.Errorf(offprint.KindInvalid, "Choose the hour and the number of papers from the lists.")
		}
		return n
	}
	sub.Hour, sub.Count = number("hour"), number("count")
	p, err := s.newSubscribePage(r.Context(), *sub)
	if err != nil {
		return p, err
	}
	p.About = r.PostFormValue("about")
	p.Categories = strings.TrimSpace(r.PostFormValue("categories"))
	p.Search = strings.TrimSpace(r.PostFormValue("search"))
	p.SavedID, _ = strconv.ParseInt(r.PostFormValue("saved"), 10, 64) // 0 is none
	if sub.Query, err = p.query(); problem == nil {
		problem = err
	}
	if problem == nil {
		problem = sub.Check()
	}
	p.Sub = *sub
	if problem != nil {
		_, p.Problem = statusOf(problem)
	}
	return p, nil
}

// query makes the search of what the form says that the digest is about.
func (p *subscribePage) query() (string, error) {
	switch p.About {
	case aboutAll:
		return "", nil
	case aboutCategories:
		yes, no, err := signedCategories(words(p.Categories))
		if err == nil && len(yes)+len(no) == 0 {
			err = offprint.Errorf(offprint.KindInvalid, "Name a category or two, such as cs.CL stat.ML, or choose all papers.")
		}
		return offprint.Query{Cats: yes, NotCats: no}.String(), err
	case aboutSaved:
		for _, saved := range p.Saved {
			if saved.ID == p.SavedID {
				return saved.Query, nil
			}
		}
		return "", offprint.Errorf(offprint.KindInvalid, "Choose one of your saved searches.")
	case aboutSearch:
		q, err := offprint.ParseQuery(p.Search)
		if err == nil && q.IsZero() {
			err = offprint.Errorf(offprint.KindInvalid, "Type what to search for, or choose all papers.")
		}
		return p.Search, err
	}
	return "", offprint.Errorf(offprint.KindInvalid, "Choose what the digest is about.")
}

// preview finds what the latest digest of a choice would have held.
func (s *Server) preview(ctx context.Context, sub offprint.Subscription) (*digestPreview, error) {
	day, err := s.Store.LatestDay(ctx, offprint.DateOf(s.now())+1)
	if err != nil || day == 0 {
		return nil, err
	}
	q := offprint.PaperQuery{ReaderID: readerID(ctx), Sort: offprint.SortTrending, Limit: min(sub.Count, 10)}
	if q.Search, err = offprint.ParseQuery(sub.Query); err != nil {
		return nil, err
	}
	unit := offprint.UnitDay
	switch sub.Frequency {
	case offprint.Weekly:
		unit = offprint.UnitWeek
	case offprint.Monthly:
		unit = offprint.UnitMonth
	}
	span := offprint.SpanOf(unit, day)
	q.First, q.Last = span.First, span.Last
	papers, err := s.Store.Papers(ctx, q)
	if err != nil {
		return nil, err
	}
	p := &digestPreview{Span: span.Title()}
	for _, item := range papers.Items {
		p.Titles = append(p.Titles, previewTitle{item.Key, mathHTML(item.Title)})
	}
	if sub.Query != "" {
		p.Search = "/search?q=" + url.QueryEscape(sub.Query)
	}
	return p, nil
}

var errNoMail = offprint.Errorf(offprint.KindInvalid, "No mail is set up here, so no digest can be sent.")

// answered shows the form again, with what is wrong or with a preview, and
// reports whether it had to.
func (s *Server) answered(w http.ResponseWriter, r *http.Request, p subscribePage) (bool, error) {
	switch {
	case p.Problem != "":
		s.renderSubscribe(w, r, http.StatusBadRequest, p)
	case r.PostFormValue("do") == "preview":
		var err error
		if p.Preview, err = s.preview(r.Context(), p.Sub); err != nil {
			return false, err
		}
		s.renderSubscribe(w, r, http.StatusOK, p)
	default:
		return false, nil
	}
	return true, nil
}

// subscribe mails the address a link to confirm. Its answer is the same whether
// or not the address is subscribed already.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) error {
	if s.Digests == nil {
		return errNoMail
	}
	sub := offprint.Subscription{ReaderID: readerID(r.Context()), Email: r.PostFormValue("email")}
	p, err := s.readSubscription(r, &sub)
	if err != nil {
		return err
	}
	if done, err := s.answered(w, r, p); done || err != nil {
		return err
	}
	if err := s.requestSubscription(r.Context(), sub); err != nil {
		return err
	}
	http.Redirect(w, r, "/subscribe/sent", http.StatusSeeOther)
	return nil
}

// requestSubscription mails the address of a subscription, which has been
// checked, a link to confirm. It does not tell whether there is one already.
func (s *Server) requestSubscription(ctx context.Context, sub offprint.Subscription) error {
	if !s.limits.mayMail(sub.Email) {
		return errTooManyMails
	}
	if err := s.Digests.Subscribe(ctx, sub); err != nil && offprint.KindOf(err) != offprint.KindConflict {
		return err
	}
	return nil
}

func (s *Server) subscribeSent(w http.ResponseWriter, r *http.Request) error {
	s.notice(w, r, "Look in your inbox", "A mail with a link is on its way. The digest starts once you have opened it; without that, nothing more is sent. If you have this digest already, no mail comes.")
	return nil
}

// subscription finds the subscription of the address's secret.
func (s *Server) subscription(r *http.Request) (*offprint.Subscription, error) {
	sub, err := s.Store.SubscriptionBySecret(r.Context(), r.PathValue("secret"))
	if err != nil && offprint.KindOf(err) == offprint.KindNotFound {
		return nil, offprint.Errorf(offprint.KindNotFound, "This link belongs to no digest that is known here. It may have been deleted: subscribe again.")
	}
	return sub, err
}

// describe says what a subscription brings, and when.
func describe(sub *offprint.Subscription) string {
	often := map[offprint.Frequency]string{
		offprint.Daily: "every day", offprint.Weekdays: "from Monday to Friday", offprint.Weekly: "on Mondays", offprint.Monthly: "on the first of the month",
	}[sub.Frequency]
	matching := ""
	if sub.Query != "" {
		matching = " that match “" + sub.Query + "”"
	}
	return "Up to " + plural(sub.Count, "paper") + matching + ", " + often + " at " + strconv.Itoa(sub.Hour) + ":00 (" + sub.TimeZone + "), to " + sub.Email + "."
}

func managePath(secret string) string { return "/digest/manage/" + url.PathEscape(secret) }

func (s *Server) confirmSubscriptionForm(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	if sub.State == offprint.SubscriptionActive {
		http.Redirect(w, r, managePath(sub.Secret), http.StatusSeeOther)
		return nil
	}
	s.confirm(w, r, confirmPage{Heading: "Papers by mail", Lede: describe(sub), Button: "Yes, send me these"})
	return nil
}

func (s *Server) confirmSubscription(w http.ResponseWriter, r *http.Request) error {
	if s.Digests == nil {
		return errNoMail
	}
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	if sub, err = s.Digests.Confirm(r.Context(), sub.Secret); err != nil {
		return err
	}
	http.Redirect(w, r, managePath(sub.Secret), http.StatusSeeOther)
	return nil
}

func (s *Server) manageSubscription(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	p, err := s.newSubscribePage(r.Context(), *sub)
	if err != nil {
		return err
	}
	s.renderManage(w, r, http.StatusOK, p)
	return nil
}

func (s *Server) renderManage(w http.ResponseWriter, r *http.Request, status int, p subscribePage) {
	p.Secret = p.Sub.Secret
	if p.Sub.State == offprint.SubscriptionActive {
		p.Next = offprint.NextSend(&p.Sub, s.now())
	}
	s.renderSubscribe(w, r, status, p)
}

func (s *Server) changeSubscription(w http.ResponseWriter, r *http.Request) error {
	if s.Digests == nil {
		return errNoMail
	}
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	if sub.State == offprint.SubscriptionEnded {
		return offprint.Errorf(offprint.KindConflict, "This digest has ended: subscribe again.")
	}
	p, err := s.readSubscription(r, sub)
	if err != nil {
		return err
	}
	p.Secret = sub.Secret
	if done, err := s.answered(w, r, p); done || err != nil {
		return err
	}
	err = s.Digests.Update(r.Context(), sub.Secret, *sub)
	if kind := offprint.KindOf(err); err != nil && (kind == offprint.KindConflict || kind == offprint.KindInvalid) {
		status, message := statusOf(err)
		p.Problem = message
		s.renderManage(w, r, status, p)
		return nil
	}
	if err != nil {
		return err
	}
	s.flash(r, "Saved.")
	http.Redirect(w, r, managePath(sub.Secret), http.StatusSeeOther)
	return nil
}

func (s *Server) unsubscribeForm(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	if sub.State == offprint.SubscriptionEnded {
		s.notice(w, r, "You are unsubscribed", "This digest is no longer sent to "+sub.Email+".")
		return nil
	}
	s.confirm(w, r, confirmPage{Heading: "Unsubscribe", Lede: describe(sub), Button: "Stop sending me this"})
	return nil
}

// unsubscribe ends a subscription at once. A mail program that sends
// List-Unsubscribe=One-Click (RFC 8058) is answered in plain text.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.subscription(r)
	if err != nil {
		return err
	}
	if err := s.endSubscription(r.Context(), sub); err != nil {
		return err
	}
	if strings.EqualFold(r.PostFormValue("List-Unsubscribe"), "One-Click") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := io.WriteString(w, "You are unsubscribed.\n")
		return err
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
	return nil
}

// endSubscription sees to it that nothing more is mailed.
func (s *Server) endSubscription(ctx context.Context, sub *offprint.Subscription) error {
	if s.Digests != nil {
		return s.Digests.Unsubscribe(ctx, sub.Secret)
	}
	// Mail was set up once, and may be again.
	sub.State = offprint.SubscriptionEnded
	return s.Store.UpdateSubscription(ctx, sub)
}
