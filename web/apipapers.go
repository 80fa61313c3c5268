package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/offprint/offprint"
)

// pageInput is what the inputs of all lists have in common.
type pageInput struct {
	Sort   string `query:"sort" enum:"trending,time,votes,relevance,for-you" doc:"The order. By relevance only with words or papers to search for; for-you, for a reader, only of a day, a week or a month."`
	Limit  int    `query:"limit" min:"1" max:"200" doc:"How many at most; 25 when absent."`
	Cursor string `query:"cursor" doc:"From “next” of the page before, with everything else as it was there."`
}

// papersInput selects papers. All that is given must hold.
type papersInput struct {
	Day      string `query:"day" doc:"Only papers of this day, as 2026-03-05, or of the latest that has any: latest."`
	Week     string `query:"week" doc:"Only papers of this week, as 2026-W10."`
	Month    string `query:"month" doc:"Only papers of this month, as 2026-03."`
	Category string `query:"category" doc:"Only papers in this category, such as cs.CL."`
	Author   string `query:"author" doc:"Only papers by this author: the whole name, in any spelling of its accents."`
	Query    string `query:"q" doc:"Only papers that this search finds; it is written as in the search box."`
	Chosen   bool   `query:"chosen" doc:"Only papers in the categories that the reader has chosen for Today."`
	Hidden   bool   `query:"hidden" doc:"Also papers that the reader has hidden. A search always finds them."`
	pageInput
}

func (s *Server) apiListPapers(r *http.Request, in papersInput) (paperListJSON, error) {
	q, err := s.apiQuery(r, in.pageInput, "")
	if err != nil {
		return paperListJSON{}, err
	}
	q.Category, q.Author = in.Category, in.Author
	if q.First, q.Last, err = s.apiDays(r, in); err != nil {
		return paperListJSON{}, err
	}
	if q.Search, err = offprint.ParseQuery(in.Query); err != nil {
		return paperListJSON{}, err
	}
	if in.Query != "" && q.Search.IsZero() {
		return paperListJSON{}, offprint.Errorf(offprint.KindInvalid, "There is nothing to search for in q: give words or filters, or leave it out.")
	}
	if q.Sort == offprint.SortRelevance && len(q.Search.Terms)+len(q.Search.Similar) == 0 {
		return paperListJSON{}, offprint.Errorf(offprint.KindInvalid, "Without words to search for there is no order by relevance: use trending, time or votes.")
	}
	q.WithHidden = in.Hidden || in.Query != ""
	if q.Sort == "" {
		switch {
		case len(q.Search.Terms)+len(q.Search.Similar) > 0:
			q.Sort = offprint.SortRelevance
		case q.First != 0:
			q.Sort = offprint.SortTrending
		default:
			q.Sort = offprint.SortTime
		}
	}
	if in.Chosen {
		reader := readerOf(r.Context())
		if reader == nil {
			return paperListJSON{}, offprint.Errorf(offprint.KindUnauthorized, "Sign in, or send a token: only a reader has chosen categories.")
		}
		q.Search.Cats = append(q.Search.Cats, reader.Settings.Categories...)
		q.Search.NotCats = append(q.Search.NotCats, reader.Settings.NotCats...)
	}
	if q.Sort == offprint.SortForYou && (q.ReaderID == 0 || q.First == 0 || in.Query != "" || q.Category != "" || q.Author != "") {
		return paperListJSON{}, offprint.Errorf(offprint.KindInvalid, "The order for-you is that of a day, a week or a month, for a reader, without other conditions.")
	}
	if q.Sort == offprint.SortForYou {
		found, err := s.spanPapers(r.Context(), q)
		return s.apiFound(found, true), err
	}
	if in.Query != "" {
		found, err := s.find(r.Context(), q)
		return s.apiFound(found, q.ReaderID != 0), err
	}
	return s.apiPage(r, q)
}

// apiQuery reads what all lists have in common.
func (s *Server) apiQuery(r *http.Request, in pageInput, fallback offprint.Sort) (offprint.PaperQuery, error) {
	sort, err := offprint.ParseSort(in.Sort, fallback)
	return offprint.PaperQuery{ReaderID: readerID(r.Context()), Sort: sort, Limit: in.Limit, Cursor: in.Cursor}, err
}

// apiPage answers with a page of what a query selects.
func (s *Server) apiPage(r *http.Request, q offprint.PaperQuery) (paperListJSON, error) {
	page, err := s.Store.Papers(r.Context(), q)
	if err != nil {
		return paperListJSON{}, err
	}
	return s.jsonPaperList(&page, q.ReaderID != 0), nil
}

// apiDays returns the first and the last day that an input asks for, and zeros
// for any day.
func (s *Server) apiDays(r *http.Request, in papersInput) (first, last offprint.Date, err error) {
	var unit offprint.Unit
	var text string
	for u, t := range map[offprint.Unit]string{offprint.UnitDay: in.Day, offprint.UnitWeek: in.Week, offprint.UnitMonth: in.Month} {
		switch {
		case t == "":
		case text != "":
			return 0, 0, offprint.Errorf(offprint.KindInvalid, "Give one of day, week and month.")
		default:
			unit, text = u, t
		}
	}
	switch {
	case text == "":
		return 0, 0, nil
	case in.Day == "latest":
		first, err = s.Store.LatestDay(r.Context(), s.tomorrow(r))
		if err == nil && first == 0 {
			err = offprint.Errorf(offprint.KindNotFound, "No day has papers yet.")
		}
		return first, first, err
	}
	span, err := offprint.ParseSpan(unit, text)
	return span.First, span.Last, err
}

// tomorrow is the last day that is not in the future, wherever the asking
// reader is.
func (s *Server) tomorrow(r *http.Request) offprint.Date {
	return offprint.DateOf(s.now().In(zoneOf(r.Context()))) + 1
}

// keyInput names a paper.
type keyInput struct {
	Key string `path:"key" doc:"The paper’s key, or its arXiv id or DOI with %2F for each slash."`
}

func (s *Server) apiGetPaper(r *http.Request, in keyInput) (wholePaperJSON, error) {
	p, err := s.Store.Paper(r.Context(), in.Key)
	if err != nil {
		return wholePaperJSON{}, err
	}
	return s.apiWhole(r, p)
}

// apiWhole answers with a paper and what the asking reader has done with it.
func (s *Server) apiWhole(r *http.Request, p *offprint.Paper) (wholePaperJSON, error) {
	me := readerID(r.Context())
	if me == 0 {
		return s.jsonWholePaper(p, nil), nil
	}
	state, err := s.Store.State(r.Context(), me, p.ID)
	return s.jsonWholePaper(p, &state), err
}

type submitInput struct{ Body refJSON }

func (s *Server) apiSubmitPaper(r *http.Request, in submitInput) (wholePaperJSON, error) {
	p, err := s.findOrFetch(r.Context(), in.Body.Ref)
	if err != nil {
		return wholePaperJSON{}, err
	}
	return s.apiWhole(r, p)
}

type markInput struct {
	keyInput
	Mark string `path:"mark" enum:"vote,save,read,hide"`
}

func (s *Server) apiMark(r *http.Request, in markInput) (markJSON, error) {
	return s.apiSetMark(r, in, true)
}

func (s *Server) apiUnmark(r *http.Request, in markInput) (markJSON, error) {
	return s.apiSetMark(r, in, false)
}

func (s *Server) apiSetMark(r *http.Request, in markInput, on bool) (markJSON, error) {
	mark, err := offprint.ParseMark(in.Mark)
	if err != nil {
		return markJSON{}, err
	}
	p, err := s.Store.Paper(r.Context(), in.Key)
	if err != nil {
		return markJSON{}, err
	}
	votes, err := s.Store.SetMark(r.Context(), readerID(r.Context()), p.ID, mark, on, s.now())
	return markJSON{string(mark), on, votes}, err
}

type tagPaperInput struct {
	keyInput
	Body tagsJSON
}

func (s *Server) apiTagPaper(r *http.Request, in tagPaperInput) (stateJSON, error) {
	ctx, me := r.Context(), readerID(r.Context())
	p, err := s.Store.Paper(ctx, in.Key)
	if err != nil {
		return stateJSON{}, err
	}
	tags, err := cleanTags(in.Body.Tags)
	if err != nil {
		return stateJSON{}, err
	}
	if err := s.Store.SetTags(ctx, me, p.ID, tags); err != nil {
		return stateJSON{}, err
	}
	return s.apiState(r, p)
}

// apiState answers with what the asking reader has done with a paper.
func (s *Server) apiState(r *http.Request, p *offprint.Paper) (stateJSON, error) {
	state, err := s.Store.State(r.Context(), readerID(r.Context()), p.ID)
	return jsonState(&state), err
}

type notePaperInput struct {
	keyInput
	Body noteJSON
}

func (s *Server) apiNotePaper(r *http.Request, in notePaperInput) (stateJSON, error) {
	p, err := s.Store.Paper(r.Context(), in.Key)
	if err != nil {
		return stateJSON{}, err
	}
	note := strings.TrimSpace(strings.ReplaceAll(in.Body.Note, "\r\n", "\n"))
	if err := s.Store.SetNote(r.Context(), readerID(r.Context()), p.ID, note); err != nil {
		return stateJSON{}, err
	}
	return s.apiState(r, p)
}

func (s *Server) apiListComments(r *http.Request, in keyInput) (commentListJSON, error) {
	p, err := s.Store.Paper(r.Context(), in.Key)
	if err != nil {
		return commentListJSON{}, err
	}
	comments, err := s.Store.Comments(r.Context(), p.ID)
	me := readerID(r.Context())
	return commentListJSON{listOf(comments, func(c *offprint.Comment) commentJSON { return s.jsonComment(c, me) })}, err
}

type newCommentInput struct {
	keyInput
	Body newCommentJSON
}

func (s *Server) apiAddComment(r *http.Request, in newCommentInput) (commentJSON, error) {
	c, err := s.addComment(r.Context(), in.Key, in.Body.Body, in.Body.ParentID)
	if err != nil {
		return commentJSON{}, err
	}
	return s.apiComment(r, c.ID)
}

// apiComment answers with a comment as it is stored.
func (s *Server) apiComment(r *http.Request, id int64) (commentJSON, error) {
	c, err := s.Store.Comment(r.Context(), id)
	if err != nil {
		return commentJSON{}, err
	}
	return s.jsonComment(c, readerID(r.Context())), nil
}

// idInput names something by its number.
type idInput struct {
	ID int64 `path:"id"`
}

func (s *Server) apiGetComment(r *http.Request, _ idInput) (commentJSON, error) {
	c, err := s.commentOf(r)
	if err != nil {
		return commentJSON{}, err
	}
	return s.jsonComment(c, readerID(r.Context())), nil
}

type editCommentInput struct {
	idInput
	Body commentBodyJSON
}

func (s *Server) apiEditComment(r *http.Request, in editCommentInput) (commentJSON, error) {
	c, err := s.rewriteComment(r, in.Body.Body)
	if err != nil {
		return commentJSON{}, err
	}
	return s.apiComment(r, c.ID)
}

func (s *Server) apiDeleteComment(r *http.Request, _ idInput) (nothing, error) {
	_, err := s.removeComment(r)
	return nothing{}, err
}

type reportCommentInput struct {
	idInput
	Body newReportJSON
}

func (s *Server) apiReportComment(r *http.Request, in reportCommentInput) (nothing, error) {
	_, err := s.noteReport(r, in.Body.Reason)
	return nothing{}, err
}

type daysInput struct {
	First offprint.Date `query:"first" doc:"From this day; 30 days before the last when absent."`
	Last  offprint.Date `query:"last" doc:"To this day; the latest that has papers when absent."`
}

// maxDays is how many days are counted at once.
const maxDays = 3700

func (s *Server) apiListDays(r *http.Request, in daysInput) (dayListJSON, error) {
	var err error
	if in.Last == 0 {
		if in.Last, err = s.Store.LatestDay(r.Context(), s.tomorrow(r)); err != nil {
			return dayListJSON{}, err
		}
	}
	in.First = cmp.Or(in.First, in.Last-30)
	if in.Last-in.First >= maxDays {
		return dayListJSON{}, offprint.Errorf(offprint.KindInvalid, "That is too long a time: ask for at most %d days.", maxDays)
	}
	days, err := s.Store.Days(r.Context(), in.First, in.Last)
	return dayListJSON{listOf(days, func(d *offprint.DayCount) dayJSON { return dayJSON{d.Day, d.Papers} })}, err
}

func (s *Server) apiListCategories(r *http.Request, _ nothing) (categoryListJSON, error) {
	counts, err := s.Store.Categories(r.Context())
	return categoryListJSON{listOf(counts, func(c *offprint.Count) categoryJSON {
		return categoryJSON{c.Name, categoryName(c.Name), c.Papers}
	})}, err
}

type authorsInput struct {
	Prefix string `query:"q" doc:"Only authors with a name of which a word starts with this."`
	Limit  int    `query:"limit" min:"1" max:"200" doc:"How many at most; 100 when absent."`
}

func (s *Server) apiListAuthors(r *http.Request, in authorsInput) (authorListJSON, error) {
	counts, err := s.Store.AuthorsLike(r.Context(), in.Prefix, cmp.Or(in.Limit, 100))
	return authorListJSON{listOf(counts, func(c *offprint.Count) authorJSON { return authorJSON{c.Name, c.Papers} })}, err
}

func (s *Server) apiListFounding(*http.Request, nothing) (foundingListJSON, error) {
	papers := offprint.FoundingList()
	return foundingListJSON{listOf(papers, func(f *offprint.FoundingPaper) foundingJSON {
		p := f.Paper()
		return foundingJSON{f.Number, f.Slug, p.Key, f.Title, f.Year, f.ArXivID, f.Family, f.Summary}
	})}, nil
}
