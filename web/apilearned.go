package web

import (
	"cmp"
	"net/http"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
)

// apiFound answers with a page and the reasons why papers are on it.
func (s *Server) apiFound(p engine.Page, signedIn bool) paperListJSON {
	out := s.jsonPaperList(&p.PaperPage, signedIn)
	for i := range p.Items {
		if r, ok := p.Reasons[p.Items[i].ID]; ok {
			out.Papers[i].Why = jsonReason(r)
		}
	}
	return out
}

func jsonReason(r engine.Reason) *reasonJSON {
	return &reasonJSON{
		Like:  listOf(r.Like, func(p *engine.Ref) paperRefJSON { return paperRefJSON{p.Key, p.Title} }),
		Words: some(r.Words), Authors: some(r.Authors), VotesInCommon: r.Common, Meaning: r.Meaning,
	}
}

type relatedInput struct {
	keyInput
	Limit int `query:"limit" min:"1" max:"50" doc:"How many at most; 8 when absent."`
}

func (s *Server) apiRelated(r *http.Request, in relatedInput) (paperListJSON, error) {
	if err := s.needEngine(); err != nil {
		return paperListJSON{}, err
	}
	p, err := s.Store.Paper(r.Context(), in.Key)
	if err != nil {
		return paperListJSON{}, err
	}
	me := readerID(r.Context())
	found, err := s.Engine.Related(r.Context(), p, me, cmp.Or(in.Limit, shownRelated))
	return s.apiFound(found, me != 0), err
}

type forYouInput struct {
	Period string `query:"period" enum:"day,week,month" doc:"How far back from the newest day; a week when absent."`
	Limit  int    `query:"limit" min:"1" max:"200" doc:"How many at most; 25 when absent."`
	Cursor string `query:"cursor" doc:"From “next” of the page before, with everything else as it was there."`
}

func (s *Server) apiForYou(r *http.Request, in forYouInput) (paperListJSON, error) {
	q, err := s.forYouQuery(r)
	if err != nil {
		return paperListJSON{}, err
	}
	q.Limit = in.Limit
	found, err := s.Engine.ForYou(r.Context(), q, true)
	return s.apiFound(found, true), err
}

type moreInput struct {
	Tag string `path:"tag" doc:"A tag of yours."`
	forYouInput
}

func (s *Server) apiMoreOfTag(r *http.Request, in moreInput) (paperListJSON, error) {
	tag, err := offprint.CleanTag(in.Tag)
	if err != nil {
		return paperListJSON{}, err
	}
	q, err := s.forYouQuery(r)
	if err != nil {
		return paperListJSON{}, err
	}
	q.Limit = in.Limit
	found, err := s.Engine.ForTag(r.Context(), q, tag)
	if err == nil && found.Examples == 0 {
		err = offprint.Errorf(offprint.KindNotFound, "You have no paper with the tag %q yet.", tag)
	}
	return s.apiFound(found, true), err
}

func (s *Server) apiListTopics(*http.Request, nothing) (topicListJSON, error) {
	if err := s.needEngine(); err != nil {
		return topicListJSON{}, err
	}
	return topicListJSON{listOf(s.Engine.Topics(), s.jsonTopic)}, nil
}

type topicInput struct {
	Slug   string `path:"slug" doc:"The last part of the topic’s address."`
	Limit  int    `query:"limit" min:"1" max:"200" doc:"How many papers at most; 25 when absent."`
	Cursor string `query:"cursor" doc:"From “next” of the page before, with everything else as it was there."`
}

func (s *Server) apiGetTopic(r *http.Request, in topicInput) (topicPapersJSON, error) {
	if err := s.needEngine(); err != nil {
		return topicPapersJSON{}, err
	}
	me := readerID(r.Context())
	t, found, err := s.Engine.Topic(r.Context(), in.Slug, offprint.PaperQuery{ReaderID: me, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return topicPapersJSON{}, err
	}
	return topicPapersJSON{s.jsonTopic(&t), s.apiFound(found, me != 0)}, nil
}

func (s *Server) jsonTopic(t *engine.Topic) topicJSON {
	v := newTopicView(*t, 1, 1)
	return topicJSON{Slug: t.Slug, Name: t.Name, URL: s.BaseURL + v.URL, Words: some(t.Words), Share: t.Share, FirstWeek: t.First, Weeks: some(t.Weeks), Trend: cmp.Or(v.Trend, "steady")}
}

func (s *Server) apiLearned(*http.Request, nothing) (learnedJSON, error) {
	if err := s.needEngine(); err != nil {
		return learnedJSON{}, err
	}
	st, _ := s.Engine.Status()
	return learnedJSON{Time: st.Time, Papers: st.Papers, Dimensions: st.Dim, Words: st.Words, Topics: st.Topics, Indexed: st.Indexed, Stale: st.Stale}, nil
}

// reasonJSON says why a paper is in a list.
type reasonJSON struct {
	Like          []paperRefJSON `json:"like" doc:"The papers that it is most like."`
	Words         []string       `json:"words" doc:"Its words that count most for that."`
	Authors       []string       `json:"authors" doc:"Its authors who count for it."`
	VotesInCommon bool           `json:"votes_in_common" doc:"Whether readers who vote alike count for it."`
	Meaning       bool           `json:"meaning" doc:"Whether it was found by what it is about and not by its words."`
}

type paperRefJSON struct {
	Key   string `json:"key"`
	Title string `json:"title"`
}

type topicListJSON struct {
	Topics []topicJSON `json:"topics"`
}

// topicJSON is what a good many papers are about.
type topicJSON struct {
	Slug      string        `json:"slug"`
	Name      string        `json:"name"`
	URL       string        `json:"url"`
	Words     []string      `json:"words"`
	Share     float64       `json:"share" doc:"Of the papers of the last four weeks."`
	FirstWeek offprint.Date `json:"first_week" doc:"The Monday of the first of the weeks."`
	Weeks     []float64     `json:"weeks" doc:"Its share of each week’s papers, oldest first."`
	Trend     string        `json:"trend" enum:"rising,falling,steady"`
}

type topicPapersJSON struct {
	Topic  topicJSON     `json:"topic"`
	Papers paperListJSON `json:"found"`
}

type learnedJSON struct {
	Time       time.Time `json:"time"`
	Papers     int       `json:"papers" doc:"That were learned from."`
	Dimensions int       `json:"dimensions"`
	Words      int       `json:"words"`
	Topics     int       `json:"topics"`
	Indexed    int       `json:"indexed" doc:"Papers whose vector is known."`
	Stale      int       `json:"stale" doc:"Of those, whose vector is of the encoder before."`
}
