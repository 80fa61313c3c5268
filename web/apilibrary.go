package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/offprint/offprint"
)

type libraryInput struct {
	Shelf string `query:"shelf" enum:"saved,read,voted,noted,hidden" doc:"The part of the library; saved when neither this nor tags is given."`
	Tags  string `query:"tags" doc:"A condition on your tags, such as: nlp and (survey or tutorial) and not done."`
	pageInput
}

func (s *Server) apiLibrary(r *http.Request, in libraryInput) (paperListJSON, error) {
	q, err := s.apiQuery(r, in.pageInput, offprint.SortTime)
	if err != nil {
		return paperListJSON{}, err
	}
	if _, err := narrow(&q, in.Shelf, strings.TrimSpace(in.Tags)); err != nil {
		return paperListJSON{}, err
	}
	return s.apiPage(r, q)
}

func (s *Server) apiListTags(r *http.Request, _ nothing) (tagListJSON, error) {
	ctx, me := r.Context(), readerID(r.Context())
	tags, err := s.Store.Tags(ctx, me)
	if err != nil {
		return tagListJSON{}, err
	}
	published, err := s.Store.PublishedTags(ctx, me)
	if err != nil {
		return tagListJSON{}, err
	}
	feeds := map[string]string{}
	for i := range published {
		feeds[published[i].Tag] = s.tagFeed(&published[i])
	}
	return tagListJSON{listOf(tags, func(t *offprint.Count) tagJSON { return tagJSON{t.Name, t.Papers, feeds[t.Name]} })}, nil
}

type tagInput struct {
	Tag string `path:"tag"`
}

type renameTagInput struct {
	tagInput
	Body tagNameJSON
}

func (s *Server) apiRenameTag(r *http.Request, in renameTagInput) (nothing, error) {
	to, err := offprint.CleanTag(in.Body.Name)
	if err != nil {
		return nothing{}, err
	}
	return nothing{}, s.Store.RenameTag(r.Context(), readerID(r.Context()), in.Tag, to)
}

func (s *Server) apiRemoveTag(r *http.Request, in tagInput) (nothing, error) {
	return nothing{}, s.Store.RenameTag(r.Context(), readerID(r.Context()), in.Tag, "")
}

func (s *Server) apiPublishTag(r *http.Request, in tagInput) (publishedTagJSON, error) {
	tag, err := s.giveFeed(r.Context(), in.Tag)
	if err != nil {
		return publishedTagJSON{}, err
	}
	published, err := s.Store.PublishedTags(r.Context(), readerID(r.Context()))
	if err != nil {
		return publishedTagJSON{}, err
	}
	for i := range published {
		if published[i].Tag == tag {
			return publishedTagJSON{tag, s.tagFeed(&published[i])}, nil
		}
	}
	return publishedTagJSON{}, offprint.Errorf(offprint.KindConflict, "The feed of this tag has been removed meanwhile.")
}

func (s *Server) apiUnpublishTag(r *http.Request, in tagInput) (nothing, error) {
	return nothing{}, s.Store.UnpublishTag(r.Context(), readerID(r.Context()), in.Tag)
}

func (s *Server) apiListSearches(r *http.Request, _ nothing) (searchListJSON, error) {
	searches, err := s.Store.SavedSearches(r.Context(), readerID(r.Context()))
	return searchListJSON{listOf(searches, s.jsonSearch)}, err
}

type newSearchInput struct{ Body newSearchJSON }

func (s *Server) apiSaveSearch(r *http.Request, in newSearchInput) (searchJSON, error) {
	search := &offprint.SavedSearch{Query: in.Body.Query, Name: in.Body.Name, Alert: in.Body.Alert}
	setFeed(search, in.Body.Feed)
	if err := s.keepSearch(r.Context(), search); err != nil {
		return searchJSON{}, err
	}
	return s.jsonSearch(search), nil
}

func (s *Server) apiGetSearch(r *http.Request, _ idInput) (searchJSON, error) {
	search, err := s.mySearch(r)
	if err != nil {
		return searchJSON{}, err
	}
	return s.jsonSearch(search), nil
}

type changeSearchInput struct {
	idInput
	Body searchChangeJSON
}

func (s *Server) apiChangeSearch(r *http.Request, in changeSearchInput) (searchJSON, error) {
	search, err := s.mySearch(r)
	if err != nil {
		return searchJSON{}, err
	}
	if in.Body.Name != nil {
		search.Name = cmp.Or(searchName(*in.Body.Name), search.Name)
	}
	if in.Body.Feed != nil {
		setFeed(search, *in.Body.Feed)
	}
	if in.Body.Alert != nil {
		search.Alert = *in.Body.Alert
	}
	if err := s.Store.UpdateSavedSearch(r.Context(), search); err != nil {
		return searchJSON{}, err
	}
	return s.jsonSearch(search), nil
}

func (s *Server) apiDeleteSearch(r *http.Request, in idInput) (nothing, error) {
	return nothing{}, s.Store.DeleteSavedSearch(r.Context(), readerID(r.Context()), in.ID)
}

func (s *Server) apiListWebhooks(r *http.Request, _ nothing) (webhookListJSON, error) {
	hooks, err := s.Store.Webhooks(r.Context(), readerID(r.Context()))
	return webhookListJSON{listOf(hooks, jsonWebhook)}, err
}

type newWebhookInput struct{ Body newWebhookJSON }

func (s *Server) apiAddWebhook(r *http.Request, in newWebhookInput) (webhookJSON, error) {
	hook, err := s.newWebhook(r.Context(), in.Body.URL, in.Body.Events)
	if err != nil {
		return webhookJSON{}, err
	}
	out := jsonWebhook(hook)
	out.Secret = hook.Secret
	return out, nil
}

func (s *Server) apiGetWebhook(r *http.Request, _ idInput) (webhookJSON, error) {
	hook, err := s.myWebhook(r)
	if err != nil {
		return webhookJSON{}, err
	}
	return jsonWebhook(hook), nil
}

func (s *Server) apiDeleteWebhook(r *http.Request, in idInput) (nothing, error) {
	return nothing{}, s.Store.DeleteWebhook(r.Context(), readerID(r.Context()), in.ID)
}

func (s *Server) apiTestWebhook(r *http.Request, _ idInput) (messageJSON, error) {
	hook, err := s.myWebhook(r)
	if err != nil {
		return messageJSON{}, err
	}
	return messageJSON{"A trial event is on its way. The webhook’s last_status tells what came of it."}, s.tryWebhook(r.Context(), hook)
}
