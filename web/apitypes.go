package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// The types of the JSON API. They stay as they are while the domain's change: a
// field may be added, and none is renamed or removed within /api/v1. A field
// that may be absent is omitempty or omitzero; "doc" describes it.

// errorJSON is the answer to a request that failed.
type errorJSON struct {
	Error string `json:"error" doc:"A sentence that says what is wrong and what to do."`
}

// linkJSON is an address that a paper’s own text gives.
type linkJSON struct {
	Kind string `json:"kind" enum:"code,data,project"`
	URL  string `json:"url" format:"uri"`
}

// stateJSON is what the reader who asks has done with a paper.
type stateJSON struct {
	Voted  bool     `json:"voted"`
	Saved  bool     `json:"saved"`
	Read   bool     `json:"read"`
	Hidden bool     `json:"hidden"`
	Tags   []string `json:"tags"`
	Note   string   `json:"note" doc:"In Markdown; empty if there is none."`
}

// paperJSON is a paper in a list.
type paperJSON struct {
	Key        string        `json:"key" doc:"Names the paper in addresses, for good."`
	URL        string        `json:"url" format:"uri" doc:"Its page here."`
	ArXivID    string        `json:"arxiv_id,omitempty" doc:"Without version, such as 2503.11731."`
	DOI        string        `json:"doi,omitempty"`
	Title      string        `json:"title" doc:"With mathematics as LaTeX between dollar signs."`
	Authors    []string      `json:"authors" doc:"In order."`
	Abstract   string        `json:"abstract,omitempty" doc:"In lists only its beginning, about 600 bytes."`
	Summary    string        `json:"summary,omitempty" doc:"Of the papers of the founding list, in our own words."`
	Categories []string      `json:"categories" doc:"The primary one first."`
	Comment    string        `json:"comment,omitempty" doc:"The authors’ own, such as “12 pages”."`
	Listed     offprint.Date `json:"listed,omitzero" doc:"The day on whose page it stands."`
	Published  time.Time     `json:"published,omitzero" doc:"First version."`
	Updated    time.Time     `json:"updated,omitzero" doc:"Latest version."`
	Withdrawn  bool          `json:"withdrawn"`
	Links      []linkJSON    `json:"links"`
	Votes      int           `json:"votes" doc:"Readers here who voted for it."`
	Comments   int           `json:"comments"`
	Mine       *stateJSON    `json:"mine,omitempty" doc:"Only with a token or a session."`
	Why        *reasonJSON   `json:"why,omitempty" doc:"Why it is in the list, where that is said."`
}

// versionJSON is one version of a paper.
type versionJSON struct {
	Number int       `json:"number"`
	Time   time.Time `json:"time,omitzero"`
}

// originJSON is a source that has brought a paper.
type originJSON struct {
	Source string    `json:"source" doc:"Such as arxiv, founding or feed:https://example.org/feed."`
	URL    string    `json:"url,omitempty" doc:"The paper’s page there."`
	Signal int       `json:"signal" doc:"Approval that the source itself reports, such as upvotes."`
	Seen   time.Time `json:"seen,omitzero" doc:"When it first came from there."`
}

// wholePaperJSON is a paper with all that is known of it.
type wholePaperJSON struct {
	paperJSON
	Journal  string        `json:"journal,omitempty" doc:"Where it was published."`
	Versions []versionJSON `json:"versions" doc:"Ascending; empty if unknown."`
	Origins  []originJSON  `json:"origins" doc:"Where it came from, oldest first."`
	BibTeX   string        `json:"bibtex_url" format:"uri"`
	RIS      string        `json:"ris_url" format:"uri"`
}

// paperListJSON is a page of a list.
type paperListJSON struct {
	Papers []paperJSON `json:"papers"`
	Next   string      `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
	Total  *int        `json:"total,omitempty" doc:"How many there are in all, where that is known."`
}

// refJSON names a paper to fetch.
type refJSON struct {
	Ref string `json:"ref" doc:"An arXiv id, or an address on arxiv.org."`
}

// markJSON is a mark on a paper after a change.
type markJSON struct {
	Mark  string `json:"mark" enum:"vote,save,read,hide"`
	On    bool   `json:"on"`
	Votes int    `json:"votes" doc:"All readers’ votes for the paper."`
}

// tagsJSON are a reader's tags on a paper.
type tagsJSON struct {
	Tags []string `json:"tags" doc:"All of them: what is left out is taken off."`
}

// noteJSON is a reader's note on a paper.
type noteJSON struct {
	Note string `json:"note" doc:"In Markdown; an empty one removes it."`
}

// commentJSON is a comment on a paper.
type commentJSON struct {
	ID       int64     `json:"id"`
	Paper    string    `json:"paper" doc:"The paper’s key."`
	URL      string    `json:"url" format:"uri"`
	ParentID int64     `json:"parent_id,omitempty" doc:"The comment that it answers."`
	Author   string    `json:"author,omitempty" doc:"Absent once it is deleted."`
	Mine     bool      `json:"mine"`
	Body     string    `json:"body" doc:"In Markdown."`
	HTML     string    `json:"html" doc:"The body as HTML that is safe to show."`
	Created  time.Time `json:"created"`
	Edited   time.Time `json:"edited,omitzero"`
	Deleted  bool      `json:"deleted" doc:"Kept in its place while it has answers."`
}

// commentListJSON are the comments on a paper.
type commentListJSON struct {
	Comments []commentJSON `json:"comments" doc:"By time."`
}

// newCommentJSON is a comment to be.
type newCommentJSON struct {
	Body     string `json:"body" doc:"In Markdown."`
	ParentID int64  `json:"parent_id,omitempty" doc:"The comment that it answers."`
}

// commentBodyJSON is the new text of a comment.
type commentBodyJSON struct {
	Body string `json:"body" doc:"In Markdown."`
}

// newReportJSON says what is wrong with a comment.
type newReportJSON struct {
	Reason string `json:"reason,omitempty" doc:"For the owner."`
}

// dayJSON is a day and how many papers it lists.
type dayJSON struct {
	Day    offprint.Date `json:"day"`
	Papers int           `json:"papers"`
}

// dayListJSON are days that list papers.
type dayListJSON struct {
	Days []dayJSON `json:"days" doc:"Ascending; only those with papers."`
}

// categoryJSON is a category and how many papers it has.
type categoryJSON struct {
	Name   string `json:"name"`
	Title  string `json:"title,omitempty" doc:"What arXiv calls it."`
	Papers int    `json:"papers"`
}

// categoryListJSON are the categories of all papers.
type categoryListJSON struct {
	Categories []categoryJSON `json:"categories" doc:"The largest first."`
}

// authorJSON is an author and how many papers they have.
type authorJSON struct {
	Name   string `json:"name"`
	Papers int    `json:"papers"`
}

// authorListJSON are authors.
type authorListJSON struct {
	Authors []authorJSON `json:"authors" doc:"Those with the most papers first."`
}

// foundingJSON is a paper of the founding list.
type foundingJSON struct {
	Number  int    `json:"number"`
	Slug    string `json:"slug" doc:"Names its method."`
	Key     string `json:"key" doc:"Of the paper here."`
	Title   string `json:"title"`
	Year    int    `json:"year"`
	ArXivID string `json:"arxiv_id,omitempty"`
	Family  string `json:"family"`
	Summary string `json:"summary"`
}

// foundingListJSON is the founding list.
type foundingListJSON struct {
	Papers []foundingJSON `json:"papers"`
}

// tagJSON is a tag of a reader's.
type tagJSON struct {
	Name   string `json:"name"`
	Papers int    `json:"papers"`
	Feed   string `json:"feed,omitempty" format:"uri" doc:"Its public Atom feed, if it has one; it ends in .rss and .json for the other formats."`
}

// tagListJSON are the tags of a reader.
type tagListJSON struct {
	Tags []tagJSON `json:"tags" doc:"By name."`
}

// tagNameJSON is the new name of a tag.
type tagNameJSON struct {
	Name string `json:"name"`
}

// searchJSON is a saved search.
type searchJSON struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Query   string    `json:"query" doc:"As typed into the search box."`
	Feed    string    `json:"feed,omitempty" format:"uri" doc:"Its public Atom feed, if it has one; it ends in .rss and .json for the other formats."`
	Alert   bool      `json:"alert" doc:"Webhooks are told of new matches."`
	Created time.Time `json:"created"`
}

// searchListJSON are the saved searches of a reader.
type searchListJSON struct {
	Searches []searchJSON `json:"searches"`
}

// newSearchJSON is a search to save.
type newSearchJSON struct {
	Query string `json:"query" doc:"As typed into the search box."`
	Name  string `json:"name,omitempty" doc:"The query when absent."`
	Feed  bool   `json:"feed,omitempty" doc:"Give it a public feed."`
	Alert bool   `json:"alert,omitempty" doc:"Tell webhooks of new matches."`
}

// searchChangeJSON is what to change of a saved search.
type searchChangeJSON struct {
	Name  *string `json:"name,omitempty"`
	Feed  *bool   `json:"feed,omitempty" doc:"A feed that was off has a new address when it is on again."`
	Alert *bool   `json:"alert,omitempty"`
}

// webhookJSON is an address that is told of events.
type webhookJSON struct {
	ID         int64     `json:"id"`
	URL        string    `json:"url" format:"uri"`
	Events     []string  `json:"events" enum:"day,alert"`
	Created    time.Time `json:"created"`
	LastTime   time.Time `json:"last_time,omitzero" doc:"When it was last called."`
	LastStatus string    `json:"last_status,omitempty" doc:"What came of that."`
	Secret     string    `json:"secret,omitempty" doc:"What its messages are signed with: given once, when it is made."`
}

// webhookListJSON are the webhooks of a reader.
type webhookListJSON struct {
	Webhooks []webhookJSON `json:"webhooks"`
}

// newWebhookJSON is a webhook to be.
type newWebhookJSON struct {
	URL    string   `json:"url" format:"uri"`
	Events []string `json:"events" enum:"day,alert" doc:"New days, alerts of saved searches, or both."`
}

// settingsJSON are a reader's choices.
type settingsJSON struct {
	Categories    []string `json:"categories" doc:"Shown on Today; all when empty."`
	NotCategories []string `json:"not_categories" doc:"Left out of Today."`
	TimeZone      string   `json:"time_zone" doc:"Such as Europe/Berlin; UTC when empty."`
	Sort          string   `json:"sort" enum:"trending,for-you,time,votes" doc:"The order of a day."`
	Theme         string   `json:"theme" enum:"system,light,dark"`
	Dense         bool     `json:"dense" doc:"Show titles only."`
}

// profileJSON is the reader who asks.
type profileJSON struct {
	ID       int64        `json:"id"`
	Name     string       `json:"name" doc:"Shown beside comments."`
	Email    string       `json:"email,omitempty"`
	Role     string       `json:"role" enum:"owner,reader"`
	Settings settingsJSON `json:"settings"`
	Created  time.Time    `json:"created"`
}

// settingsChangeJSON is what to change of a reader's choices.
type settingsChangeJSON struct {
	Categories    *[]string `json:"categories,omitempty"`
	NotCategories *[]string `json:"not_categories,omitempty"`
	TimeZone      *string   `json:"time_zone,omitempty"`
	Sort          *string   `json:"sort,omitempty" enum:"trending,for-you,time,votes"`
	Theme         *string   `json:"theme,omitempty" enum:"system,light,dark"`
	Dense         *bool     `json:"dense,omitempty"`
}

// profileChangeJSON is what to change of the reader who asks.
type profileChangeJSON struct {
	Name     *string             `json:"name,omitempty"`
	Settings *settingsChangeJSON `json:"settings,omitempty"`
}

// emailJSON is a mail address.
type emailJSON struct {
	Email string `json:"email" format:"email"`
}

// sessionJSON is a place where a reader is signed in.
type sessionJSON struct {
	ID      string    `json:"id"`
	Browser string    `json:"browser"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"To the hour."`
	Current bool      `json:"current" doc:"It is the one that asks."`
}

// sessionListJSON are the sessions of a reader.
type sessionListJSON struct {
	Sessions []sessionJSON `json:"sessions" doc:"The latest first."`
}

// tokenJSON is an API token.
type tokenJSON struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Write    bool      `json:"write" doc:"It may change things."`
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero" doc:"To the hour."`
	Secret   string    `json:"secret,omitempty" doc:"What programs send: given once, when it is made."`
}

// tokenListJSON are the API tokens of a reader.
type tokenListJSON struct {
	Tokens []tokenJSON `json:"tokens"`
}

// newTokenJSON is an API token to be.
type newTokenJSON struct {
	Name  string `json:"name"`
	Write bool   `json:"write,omitempty" doc:"It may change things."`
}

// paperMarksJSON is what a reader has done with a paper, and when.
type paperMarksJSON struct {
	Key   string    `json:"key"`
	Title string    `json:"title"`
	Vote  time.Time `json:"vote,omitzero"`
	Save  time.Time `json:"save,omitzero"`
	Read  time.Time `json:"read,omitzero"`
	Hide  time.Time `json:"hide,omitzero"`
	Tags  []string  `json:"tags"`
	Note  string    `json:"note,omitempty"`
}

// exportJSON is everything that is stored of a reader, but for secrets.
type exportJSON struct {
	Profile       profileJSON        `json:"profile"`
	Papers        []paperMarksJSON   `json:"papers"`
	Comments      []commentJSON      `json:"comments"`
	Searches      []searchJSON       `json:"searches"`
	PublishedTags []publishedTagJSON `json:"published_tags"`
	Subscriptions []subscriptionJSON `json:"subscriptions"`
	Webhooks      []webhookJSON      `json:"webhooks"`
	Tokens        []tokenJSON        `json:"tokens"`
}

// publishedTagJSON is a tag that has a public feed.
type publishedTagJSON struct {
	Name string `json:"name"`
	Feed string `json:"feed" format:"uri"`
}

// subscriptionJSON is a digest by mail.
type subscriptionJSON struct {
	ID        int64     `json:"id"`
	Email     string    `json:"email"`
	Frequency string    `json:"frequency" enum:"daily,weekdays,weekly,monthly"`
	Hour      int       `json:"hour" doc:"In the time zone."`
	TimeZone  string    `json:"time_zone"`
	Query     string    `json:"query" doc:"Only papers that match this search; all when empty."`
	Count     int       `json:"count" doc:"Papers in a digest at most."`
	State     string    `json:"state" enum:"pending,active,paused,ended"`
	Created   time.Time `json:"created"`
	Confirmed time.Time `json:"confirmed,omitzero"`
	Next      time.Time `json:"next,omitzero" doc:"When the next digest is due."`
}

// subscriptionListJSON are the digests of a reader.
type subscriptionListJSON struct {
	Subscriptions []subscriptionJSON `json:"subscriptions"`
}

// newSubscriptionJSON is a digest to be.
type newSubscriptionJSON struct {
	Email     string `json:"email" format:"email"`
	Frequency string `json:"frequency" enum:"daily,weekdays,weekly,monthly"`
	Hour      *int   `json:"hour,omitempty" min:"0" max:"23" doc:"In the time zone; 7 when absent."`
	TimeZone  string `json:"time_zone,omitempty" doc:"Such as Europe/Berlin; UTC when absent."`
	Query     string `json:"query,omitempty" doc:"Only papers that match this search; all when absent. With an account it may have tag: filters."`
	Count     int    `json:"count,omitempty" min:"1" max:"100" doc:"Papers in a digest at most; 20 when absent."`
}

// messageJSON is a sentence about what happens next.
type messageJSON struct {
	Message string `json:"message"`
}

// sourceJSON is a place that papers come from.
type sourceJSON struct {
	ID          int64     `json:"id"`
	Kind        string    `json:"kind" enum:"arxiv,feed"`
	Name        string    `json:"name"`
	State       string    `json:"state" enum:"ok,failing,paused,new"`
	Sentence    string    `json:"sentence,omitempty" doc:"How it fares, in words."`
	URL         string    `json:"url,omitempty" doc:"Only for the owner."`
	Sets        []string  `json:"sets,omitempty" doc:"OAI-PMH sets. Only for the owner."`
	Papers      int       `json:"papers" doc:"Papers that it has brought."`
	Failures    int       `json:"failures" doc:"In a row."`
	Created     time.Time `json:"created"`
	LastRun     time.Time `json:"last_run,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	NextRun     time.Time `json:"next_run,omitzero" doc:"Not before then."`
}

// sourceListJSON are all sources.
type sourceListJSON struct {
	Sources []sourceJSON `json:"sources"`
}

// newSourceJSON is a source to be.
type newSourceJSON struct {
	Kind         string   `json:"kind" enum:"arxiv,feed"`
	Sets         []string `json:"sets,omitempty" doc:"Of arXiv: OAI-PMH sets, such as cs:cs:CL."`
	Days         int      `json:"days,omitempty" min:"0" max:"10000" doc:"Of arXiv: how many days back to begin; 0 for all that there is."`
	URL          string   `json:"url,omitempty" format:"uri" doc:"Of a feed."`
	Name         string   `json:"name,omitempty" doc:"Of a feed; the host’s when absent."`
	AllowPrivate bool     `json:"allow_private,omitempty" doc:"The feed is on the server’s own machine or network."`
}

// sourceChangeJSON is what to change of a source.
type sourceChangeJSON struct {
	Paused bool `json:"paused"`
}

// readerJSON is somebody with an account.
type readerJSON struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email,omitempty"`
	Role      string    `json:"role" enum:"owner,reader"`
	Suspended bool      `json:"suspended"`
	Created   time.Time `json:"created"`
}

// readerListJSON are all readers.
type readerListJSON struct {
	Readers []readerJSON `json:"readers"`
}

// readerChangeJSON is what an owner changes about another reader.
type readerChangeJSON struct {
	Suspended *bool   `json:"suspended,omitempty" doc:"Keep the reader out, and sign them out everywhere."`
	Role      *string `json:"role,omitempty" enum:"owner,reader"`
}

// invitationJSON is an open invitation.
type invitationJSON struct {
	ID      string    `json:"id" doc:"Not its link, which cannot be had again."`
	Email   string    `json:"email,omitempty"`
	Role    string    `json:"role" enum:"owner,reader"`
	By      string    `json:"by,omitempty" doc:"Who invited."`
	Expires time.Time `json:"expires"`
}

// invitationListJSON are the invitations that are open.
type invitationListJSON struct {
	Invitations []invitationJSON `json:"invitations"`
}

// newInvitationJSON is an invitation to be.
type newInvitationJSON struct {
	Email string `json:"email,omitempty" format:"email" doc:"Where to mail the link, and the address of the account."`
	Role  string `json:"role,omitempty" enum:"owner,reader" doc:"reader when absent."`
}

// invitationLinkJSON is the link of a new invitation.
type invitationLinkJSON struct {
	Link   string `json:"link" format:"uri" doc:"Opens an account, once. It is given this once."`
	Mailed bool   `json:"mailed" doc:"It has been mailed to the address."`
}

// reportJSON is a comment that readers have reported.
type reportJSON struct {
	Comment commentJSON `json:"comment"`
	Title   string      `json:"title" doc:"The paper’s."`
	Reports int         `json:"reports" doc:"Readers who reported it."`
	Reasons []string    `json:"reasons"`
}

// reportListJSON are the comments that wait for the owner.
type reportListJSON struct {
	Reports []reportJSON `json:"reports"`
}

// listOf makes the JSON of each item; without any it is [], not null.
func listOf[T, J any](items []T, convert func(*T) J) []J {
	out := make([]J, len(items))
	for i := range items {
		out[i] = convert(&items[i])
	}
	return out
}

// some is a list that is never null.
func some[T any](items []T) []T { return append([]T{}, items...) }

func (s *Server) jsonPaper(p *offprint.Paper, state *offprint.State) paperJSON {
	out := paperJSON{
		Key: p.Key, URL: s.BaseURL + "/paper/" + p.Key, ArXivID: p.ArXivID, DOI: p.DOI,
		Title: p.Title, Authors: some(p.Authors), Abstract: p.Abstract, Summary: p.Summary, Categories: some(p.Categories), Comment: p.Comment,
		Listed: p.Listed, Published: p.Published.UTC(), Updated: p.Updated.UTC(), Withdrawn: p.Withdrawn,
		Links: listOf(p.Links, func(l *offprint.Link) linkJSON { return linkJSON{string(l.Kind), l.URL} }),
		Votes: p.Votes, Comments: p.Comments,
	}
	if state != nil {
		mine := jsonState(state)
		out.Mine = &mine
	}
	return out
}

func jsonState(st *offprint.State) stateJSON {
	return stateJSON{st.Voted, st.Saved, st.Read, st.Hidden, some(st.Tags), st.Note}
}

func (s *Server) jsonWholePaper(p *offprint.Paper, state *offprint.State) wholePaperJSON {
	address := s.BaseURL + "/paper/" + p.Key
	return wholePaperJSON{
		paperJSON: s.jsonPaper(p, state), Journal: p.Journal,
		Versions: listOf(p.Versions, func(v *offprint.Version) versionJSON { return versionJSON{v.Number, v.Time.UTC()} }),
		Origins: listOf(p.Origins, func(o *offprint.Origin) originJSON {
			return originJSON{o.Source, o.URL, o.Signal, o.Seen.UTC()}
		}),
		BibTeX: address + "/bibtex", RIS: address + "/ris",
	}
}

func (s *Server) jsonPaperList(page *offprint.PaperPage, signedIn bool) paperListJSON {
	out := paperListJSON{Next: page.Next, Papers: listOf(page.Items, func(p *offprint.PaperItem) paperJSON {
		if !signedIn {
			return s.jsonPaper(&p.Paper, nil)
		}
		return s.jsonPaper(&p.Paper, &p.State)
	})}
	if page.Total >= 0 {
		out.Total = &page.Total
	}
	return out
}

// jsonComment returns a comment as the reader with the id sees it.
func (s *Server) jsonComment(c *offprint.Comment, me int64) commentJSON {
	out := commentJSON{
		ID: c.ID, Paper: c.PaperKey, URL: s.BaseURL + commentURL(c), ParentID: c.ParentID,
		Created: c.Created.UTC(), Edited: c.Edited.UTC(), Deleted: c.Deleted,
	}
	if !c.Deleted {
		out.Author, out.Mine = c.Author, me != 0 && c.ReaderID == me
		out.Body, out.HTML = c.Body, string(markdown(c.Body))
	}
	return out
}

func (s *Server) jsonSearch(q *offprint.SavedSearch) searchJSON {
	out := searchJSON{ID: q.ID, Name: q.Name, Query: q.Query, Alert: q.Alert, Created: q.Created.UTC()}
	if q.Slug != "" {
		out.Feed = s.BaseURL + "/feed/search/" + url.PathEscape(q.Slug) + ".atom"
	}
	return out
}

// tagFeed is the address of a published tag's feed.
func (s *Server) tagFeed(t *offprint.PublishedTag) string {
	return s.BaseURL + "/feed/tag/" + url.PathEscape(t.Slug) + ".atom"
}

// jsonWebhook leaves the secret out.
func jsonWebhook(w *offprint.Webhook) webhookJSON {
	return webhookJSON{
		ID: w.ID, URL: w.URL, Created: w.Created.UTC(), LastTime: w.LastTime.UTC(), LastStatus: w.LastStatus,
		Events: listOf(w.Events, func(e *offprint.WebhookEvent) string { return string(*e) }),
	}
}

// jsonToken leaves the hash out.
func jsonToken(t *offprint.APIToken) tokenJSON {
	return tokenJSON{ID: t.ID, Name: t.Name, Write: t.Write, Created: t.Created.UTC(), LastUsed: t.LastUsed.UTC()}
}

// systemTheme is what the API calls the theme that follows the system.
const systemTheme = "system"

func jsonProfile(r *offprint.Reader) profileJSON {
	set := settingsJSON{
		Categories: some(r.Settings.Categories), NotCategories: some(r.Settings.NotCats), TimeZone: r.Settings.TimeZone,
		Sort: string(r.Settings.Sort), Theme: r.Settings.Theme, Dense: r.Settings.Dense,
	}
	if set.Sort == "" {
		set.Sort = string(offprint.SortTrending)
	}
	if set.Theme == "" {
		set.Theme = systemTheme
	}
	return profileJSON{ID: r.ID, Name: r.Name, Email: r.Email, Role: string(r.Role), Settings: set, Created: r.Created.UTC()}
}

func (s *Server) jsonSubscription(sub *offprint.Subscription) subscriptionJSON {
	out := subscriptionJSON{
		ID: sub.ID, Email: sub.Email, Frequency: string(sub.Frequency), Hour: sub.Hour, TimeZone: sub.TimeZone,
		Query: sub.Query, Count: sub.Count, State: string(sub.State), Created: sub.Created.UTC(), Confirmed: sub.Confirmed.UTC(),
	}
	if sub.State == offprint.SubscriptionActive {
		out.Next = offprint.NextSend(sub, s.now()).UTC()
	}
	return out
}

// jsonSource returns a source; its address, which may hold a password, is for
// an owner.
func (s *Server) jsonSource(src *offprint.Source, owner bool) sourceJSON {
	row := s.newSourceRow(*src)
	out := sourceJSON{
		ID: src.ID, Kind: string(src.Kind), Name: src.Name, State: row.State, Sentence: row.Sentence, Papers: src.Papers, Failures: src.Failures,
		Created: src.Created.UTC(), LastRun: src.LastRun.UTC(), LastSuccess: src.LastSuccess.UTC(), NextRun: src.NextRun.UTC(),
	}
	if owner {
		out.URL, out.Sets = src.URL, src.Sets
	}
	return out
}

func jsonReader(r *offprint.Reader) readerJSON {
	return readerJSON{ID: r.ID, Name: r.Name, Email: r.Email, Role: string(r.Role), Suspended: r.Suspended, Created: r.Created.UTC()}
}

func (s *Server) jsonReport(c *offprint.Comment, me int64) reportJSON {
	out := reportJSON{Comment: s.jsonComment(c, me), Title: c.PaperTitle, Reports: c.Reports, Reasons: []string{}}
	for reason := range strings.SplitSeq(c.Reasons, "\n") {
		if reason != "" {
			out.Reasons = append(out.Reasons, reason)
		}
	}
	return out
}
