package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
)

// routeSearches adds a reader's saved searches and published tags.
func (s *Server) routeSearches(handle func(string, handlerFunc)) {
	handle("GET /settings/searches", s.private(s.searchSettings))
	handle("POST /settings/searches", s.private(s.saveSearch))
	handle("POST /settings/searches/{id}", s.private(s.changeSearch))
	handle("POST /settings/searches/{id}/delete", s.private(s.deleteSearch))
	handle("POST /settings/tags/publish", s.private(s.publishTag))
	handle("POST /settings/tags/unpublish", s.private(s.unpublishTag))
}

type searchesPage struct {
	Searches []offprint.SavedSearch
	Tags     []offprint.PublishedTag
	Private  []string // tags that are not published
	Webhooks bool     // there is one that hears of alerts
}

func (s *Server) searchSettings(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), readerID(r.Context())
	var p searchesPage
	var err error
	if p.Searches, err = s.Store.SavedSearches(ctx, me); err != nil {
		return err
	}
	if p.Tags, err = s.Store.PublishedTags(ctx, me); err != nil {
		return err
	}
	tags, err := s.Store.Tags(ctx, me)
	if err != nil {
		return err
	}
	for _, t := range tags {
		if !slices.ContainsFunc(p.Tags, func(pub offprint.PublishedTag) bool { return pub.Tag == t.Name }) {
			p.Private = append(p.Private, t.Name)
		}
	}
	hooks, err := s.Store.Webhooks(ctx, me)
	if err != nil {
		return err
	}
	p.Webhooks = slices.ContainsFunc(hooks, func(h offprint.Webhook) bool { return slices.Contains(h.Events, offprint.EventAlert) })
	s.renderSettings(w, r, "settings_searches", "Searches and feeds", p)
	return nil
}

const maxSavedSearches = 100

func (s *Server) saveSearch(w http.ResponseWriter, r *http.Request) error {
	search := offprint.SavedSearch{Query: r.PostFormValue("query"), Name: r.PostFormValue("name")}
	if err := s.keepSearch(r.Context(), &search); err != nil {
		return err
	}
	return s.done(w, r, "/settings/searches", "Saved. Here you can give it a feed and an alert.")
}

// keepSearch checks a search of the asking reader's and saves it. It is named
// after its query when it has no name.
func (s *Server) keepSearch(ctx context.Context, search *offprint.SavedSearch) error {
	search.ReaderID, search.Query = readerID(ctx), strings.TrimSpace(search.Query)
	q, err := offprint.ParseQuery(search.Query)
	if err != nil {
		return err
	}
	if q.IsZero() {
		return offprint.Errorf(offprint.KindInvalid, "There is nothing to search for: type words or filters first.")
	}
	search.Name = cmp.Or(searchName(search.Name), searchName(search.Query))
	saved, err := s.Store.SavedSearches(ctx, search.ReaderID)
	if err != nil {
		return err
	}
	if len(saved) >= maxSavedSearches {
		return offprint.Errorf(offprint.KindInvalid, "You have %d saved searches: delete one first.", len(saved))
	}
	return s.Store.CreateSavedSearch(ctx, search)
}

// searchName tidies the name of a search, and cuts a long one.
func searchName(s string) string {
	return clipText(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "), 200)
}

// mySearch finds the reader's own saved search of the address.
func (s *Server) mySearch(r *http.Request) (*offprint.SavedSearch, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	searches, err := s.Store.SavedSearches(r.Context(), readerID(r.Context()))
	if err != nil {
		return nil, err
	}
	for i := range searches {
		if searches[i].ID == id {
			return &searches[i], nil
		}
	}
	return nil, offprint.Errorf(offprint.KindNotFound, "You have no such saved search.")
}

// pathID reads the number in an address.
func pathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, offprint.Errorf(offprint.KindInvalid, "%s is not a number of something here.", quoted(r.PathValue("id")))
	}
	return id, nil
}

// changeSearch renames a search and turns its feed and its alert on or off. A
// feed that was off has a new address when it is on again.
func (s *Server) changeSearch(w http.ResponseWriter, r *http.Request) error {
	search, err := s.mySearch(r)
	if err != nil {
		return err
	}
	setFeed(search, r.PostFormValue("feed") != "")
	search.Name = cmp.Or(searchName(r.PostFormValue("name")), search.Name)
	search.Alert = r.PostFormValue("alert") != ""
	if err := s.Store.UpdateSavedSearch(r.Context(), search); err != nil {
		return err
	}
	return s.done(w, r, "/settings/searches", "Saved.")
}

// setFeed turns the feed of a search on or off.
func setFeed(search *offprint.SavedSearch, on bool) {
	switch {
	case !on:
		search.Slug = ""
	case search.Slug == "":
		search.Slug = offprint.NewSecret()
	}
}

func (s *Server) deleteSearch(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteSavedSearch(r.Context(), readerID(r.Context()), id); err != nil {
		return err
	}
	return s.done(w, r, "/settings/searches", "Deleted.")
}

// publishTag gives one of the reader's tags a public feed.
func (s *Server) publishTag(w http.ResponseWriter, r *http.Request) error {
	tag, err := s.giveFeed(r.Context(), r.PostFormValue("tag"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/settings/searches#tags", "The tag "+tag+" has a feed now.")
}

// giveFeed publishes a tag of the asking reader's, unless it is published
// already, and returns it as it is stored.
func (s *Server) giveFeed(ctx context.Context, typed string) (string, error) {
	me := readerID(ctx)
	tag, err := offprint.CleanTag(typed)
	if err != nil {
		return "", err
	}
	tags, err := s.Store.Tags(ctx, me)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(tags, func(c offprint.Count) bool { return c.Name == tag }) {
		return "", offprint.Errorf(offprint.KindNotFound, "None of your papers has the tag %s.", quoted(tag))
	}
	err = s.Store.PublishTag(ctx, offprint.PublishedTag{ReaderID: me, Tag: tag, Slug: offprint.NewSecret()})
	if err != nil && offprint.KindOf(err) != offprint.KindConflict { // it is published already
		return "", err
	}
	return tag, nil
}

func (s *Server) unpublishTag(w http.ResponseWriter, r *http.Request) error {
	if err := s.Store.UnpublishTag(r.Context(), readerID(r.Context()), r.PostFormValue("tag")); err != nil {
		return err
	}
	return s.done(w, r, "/settings/searches#tags", "The feed is gone, and its address with it.")
}
