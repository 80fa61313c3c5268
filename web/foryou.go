package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/rank"
)

// routeForYou adds what is chosen for one reader.
func (s *Server) routeForYou(handle func(string, handlerFunc)) {
	handle("GET /for-you", s.needReader(s.forYou))
	handle("GET /for-you/start", s.needReader(s.question))
	handle("POST /for-you/start", s.needReader(s.answer))
	handle("GET /tag/{tag}", s.needReader(s.moreOfTag))
}

// The periods of the page for a reader, in days back from the newest.
var forYouPeriods = []struct {
	name, label string
	days        offprint.Date
}{{"day", "Newest day", 1}, {"week", "A week", 7}, {"month", "A month", 31}}

type forYouPage struct {
	Heading, Lede, Nothing string
	Periods                []tab
	List                   list
	Start                  bool   // offer the questions
	Tag                    string // of a page for a tag
}

// fewExamples is how many papers a reader has liked when they are no longer
// offered the questions.
const fewExamples = 10

// forYou shows what the reader may like of the newest days, whatever order Today has.
func (s *Server) forYou(w http.ResponseWriter, r *http.Request) error {
	q, err := s.forYouQuery(r)
	if err != nil {
		return err
	}
	found, err := s.Engine.ForYou(r.Context(), q, true)
	if err != nil {
		return err
	}
	p := forYouPage{
		Heading: "For you", Periods: forYouTabs(r), List: newListWhy(found, r.URL, nil), Start: found.Examples < fewExamples,
		Lede:    "From " + plural(found.Examples, "paper") + " that you voted for, saved or tagged, on this machine alone. Each act counts at once.",
		Nothing: "Nothing here that you have not seen. Try a longer time.",
	}
	if found.Examples == 0 {
		p.Lede, p.Nothing = "", "Vote for a paper or two, or save them: from the first one on, the days are put in order for you. Or answer ten questions."
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, "foryou", page{Title: p.Heading, Nav: "for-you", Content: p})
	return nil
}

// moreOfTag shows papers that would fit a tag of the reader's.
func (s *Server) moreOfTag(w http.ResponseWriter, r *http.Request) error {
	tag, err := offprint.CleanTag(r.PathValue("tag"))
	if err != nil {
		return err
	}
	q, err := s.forYouQuery(r)
	if err != nil {
		return err
	}
	found, err := s.Engine.ForTag(r.Context(), q, tag)
	if err != nil {
		return err
	}
	if found.Examples == 0 {
		return offprint.Errorf(offprint.KindNotFound, "You have no paper with the tag %q yet.", tag)
	}
	s.render(w, r, http.StatusOK, "foryou", page{Title: "More for " + tag, Nav: "library", Content: forYouPage{
		Heading: "More for " + tag, Tag: tag, Periods: forYouTabs(r), List: newListWhy(found, r.URL, nil),
		Lede:    "Papers that you have not tagged, from " + plural(found.Examples, "paper") + " that you have.",
		Nothing: "Nothing here that you have not seen. Try a longer time.",
	}})
	return nil
}

// forYouQuery reads the period and the cursor, and the reader's categories.
func (s *Server) forYouQuery(r *http.Request) (offprint.PaperQuery, error) {
	ctx := r.Context()
	q := offprint.PaperQuery{ReaderID: readerID(ctx), Cursor: r.URL.Query().Get("cursor")}
	if err := s.needEngine(); err != nil {
		return q, err
	}
	days := offprint.Date(7)
	for _, p := range forYouPeriods {
		if p.name == r.URL.Query().Get("period") {
			days = p.days
		}
	}
	last, err := s.Store.LatestDay(ctx, s.tomorrow(r))
	if err != nil {
		return q, err
	}
	q.First, q.Last = last-days+1, last
	if reader := readerOf(ctx); reader != nil {
		q.Search.Cats, q.Search.NotCats = reader.Settings.Categories, reader.Settings.NotCats
	}
	return q, nil
}

func forYouTabs(r *http.Request) []tab {
	current := r.URL.Query().Get("period")
	if current != "day" && current != "month" {
		current = "week"
	}
	var tabs []tab
	for _, p := range forYouPeriods {
		tabs = append(tabs, tab{p.label, r.URL.Path + "?period=" + p.name, p.name == current})
	}
	return tabs
}

// needEngine says what is missing while nothing has been learned.
func (s *Server) needEngine() error {
	if s.Engine.Ready() {
		return nil
	}
	return offprint.Errorf(offprint.KindNotFound, "Nothing has been learned from the papers here yet. That begins by itself once there are enough of them, and takes a few minutes; “offprint train” does it now.")
}

type questionPage struct {
	Number, Most int
	Papers       []askedPaper
	Answers      string
	Picked       int
}

type askedPaper struct {
	*offprint.Paper
	TitleHTML  template.HTML
	Byline     string
	TeaserHTML template.HTML
}

// question asks a new reader which of some papers they like.
func (s *Server) question(w http.ResponseWriter, r *http.Request) error {
	if err := s.needEngine(); err != nil {
		return err
	}
	text := r.URL.Query().Get("a")
	answers, err := parseAnswers(text)
	if err != nil {
		return err
	}
	papers, err := s.Engine.NextQuestion(r.Context(), answers)
	if err != nil {
		return err
	}
	if len(papers) == 0 {
		return s.questionsDone(w, r)
	}
	p := questionPage{Number: len(answers)/rank.Shown + 1, Most: rank.MaxQuestions, Answers: text}
	for i := range papers {
		paper := &papers[i].Paper
		p.Papers = append(p.Papers, askedPaper{paper, mathHTML(paper.Title), shortByline(paper.Authors), mathHTML(clipText(paper.Abstract, teaserShown))})
	}
	for _, a := range answers {
		if a.Reply == rank.Yes {
			p.Picked++
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, "question", page{Title: "What do you like to read?", Nav: "for-you", Content: p})
	return nil
}

// answer keeps what the reader has picked, at once, and asks on.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) error {
	if err := s.needEngine(); err != nil {
		return err
	}
	ctx := r.Context()
	answers, err := parseAnswers(r.PostFormValue("a"))
	if err != nil {
		return err
	}
	papers, err := s.Engine.NextQuestion(ctx, answers)
	if err != nil {
		return err
	}
	picked := r.PostForm["pick"]
	for i := range papers {
		p := &papers[i]
		a := rank.Answer{ID: p.ID, Reply: rank.No}
		if slices.Contains(picked, p.Key) {
			a.Reply = rank.Yes
			if _, err := s.Store.SetMark(ctx, readerID(ctx), p.ID, offprint.MarkSave, true, s.now()); err != nil {
				return err
			}
		}
		answers = append(answers, a)
	}
	if r.PostFormValue("enough") != "" || len(papers) == 0 {
		return s.questionsDone(w, r)
	}
	http.Redirect(w, r, "/for-you/start?a="+url.QueryEscape(formatAnswers(answers)), http.StatusSeeOther)
	return nil
}

// questionsDone makes the order for the reader that of their days, unless they
// have chosen one, and leads there.
func (s *Server) questionsDone(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	reader := *readerOf(ctx)
	if reader.Settings.Sort == "" {
		reader.Settings.Sort = offprint.SortForYou
		if err := s.Store.UpdateReader(ctx, &reader); err != nil {
			return err
		}
	}
	s.flash(r, "Your page is in order for you now. Each vote, and each paper that you save, tag or hide, makes it better.")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// maxAnswers is how many answers an address holds.
const maxAnswers = rank.MaxQuestions * rank.Shown

// Answers travel in the address, as in "12y.45n".
var replies = map[byte]rank.Reply{'y': rank.Yes, 'n': rank.No}

func parseAnswers(text string) ([]rank.Answer, error) {
	if text == "" {
		return nil, nil
	}
	bad := offprint.Errorf(offprint.KindInvalid, "That is not the address of a question: start again at /for-you/start.")
	var answers []rank.Answer
	for part := range strings.SplitSeq(text, ".") {
		if part == "" || len(answers) == maxAnswers {
			return nil, bad
		}
		reply, ok := replies[part[len(part)-1]]
		id, err := strconv.ParseInt(part[:len(part)-1], 10, 64)
		if !ok || err != nil || id <= 0 {
			return nil, bad
		}
		answers = append(answers, rank.Answer{ID: id, Reply: reply})
	}
	return answers, nil
}

func formatAnswers(answers []rank.Answer) string {
	var parts []string
	for _, a := range answers {
		for c, reply := range replies {
			if reply == a.Reply {
				parts = append(parts, strconv.FormatInt(a.ID, 10)+string(c))
			}
		}
	}
	return strings.Join(parts, ".")
}
