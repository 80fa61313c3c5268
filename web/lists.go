package web

import (
	"cmp"
	"context"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
)

// routeLists adds the pages that list papers.
func (s *Server) routeLists(handle func(string, handlerFunc)) {
	handle("GET /{$}", s.today)
	for _, unit := range []offprint.Unit{offprint.UnitDay, offprint.UnitWeek, offprint.UnitMonth} {
		handle("GET /"+string(unit)+"/{span}", func(w http.ResponseWriter, r *http.Request) error {
			span, err := offprint.ParseSpan(unit, r.PathValue("span"))
			if err != nil {
				return err
			}
			return s.span(w, r, span, false)
		})
	}
	handle("GET /category/{name}", s.category)
	handle("GET /categories", s.categories)
	handle("GET /author/{name}", s.author)
	handle("GET /authors", s.authors)
	handle("GET /founding", s.founding)
	handle("GET /search", s.search)
}

// listQuery reads what all lists have in common from an address: order and cursor.
func (s *Server) listQuery(r *http.Request, fallback offprint.Sort) (offprint.PaperQuery, error) {
	v := r.URL.Query()
	sort, err := offprint.ParseSort(v.Get("sort"), fallback)
	return offprint.PaperQuery{ReaderID: readerID(r.Context()), Sort: sort, Cursor: v.Get("cursor")}, err
}

// today shows the newest day that has papers, and the founding list while
// there is none.
func (s *Server) today(w http.ResponseWriter, r *http.Request) error {
	days, err := s.dayCounts(r.Context())
	if err != nil {
		return err
	}
	tomorrow := offprint.DateOf(s.now().In(zoneOf(r.Context()))) + 1
	days = within(days, 0, tomorrow)
	if len(days) == 0 {
		return s.founding(w, r)
	}
	return s.span(w, r, offprint.SpanOf(offprint.UnitDay, days[len(days)-1].Day), true)
}

// zoneOf is the time zone of who is asking.
func zoneOf(ctx context.Context) *time.Location {
	if r := readerOf(ctx); r != nil && r.Settings.TimeZone != "" {
		if loc, err := time.LoadLocation(r.Settings.TimeZone); err == nil {
			return loc
		}
	}
	return time.UTC
}

// tab is a link in a row of which one is current.
type tab struct {
	Name, URL string
	Current   bool
}

type spanPage struct {
	Span           offprint.Span
	Prev, NextSpan string
	Latest         bool // it is the page at /
	Lede, Nothing  string
	Sorts, Units   []tab
	List           list
	Calendar       *calendar
	Categories     []categoryCount
	Dense          bool
}

type categoryCount struct {
	Name, URL string
	Papers    string
	Label     string // what the name stands for, if that is known
}

func newCategoryCount(c offprint.Count) categoryCount {
	return categoryCount{c.Name, "/category/" + url.PathEscape(c.Name), thousands(c.Papers), categoryName(c.Name)}
}

// span shows the papers of a day, a week or a month.
func (s *Server) span(w http.ResponseWriter, r *http.Request, span offprint.Span, latest bool) error {
	ctx := r.Context()
	fallback := offprint.SortTrending
	reader := readerOf(ctx)
	if reader != nil && reader.Settings.Sort != "" {
		fallback = reader.Settings.Sort
	}
	q, err := s.listQuery(r, fallback)
	if err != nil {
		return err
	}
	if q.Sort == offprint.SortRelevance {
		return offprint.Errorf(offprint.KindInvalid, "A day has no order by relevance: use trending, time or votes.")
	}
	q.First, q.Last = span.First, span.Last
	chosen := ""
	if reader != nil && r.URL.Query().Get("all") == "" && len(reader.Settings.Categories)+len(reader.Settings.NotCats) > 0 {
		q.Search.Cats, q.Search.NotCats = reader.Settings.Categories, reader.Settings.NotCats
		chosen = " in your categories"
	}
	papers, err := s.spanPapers(ctx, q)
	if err != nil {
		return err
	}

	days, err := s.dayCounts(ctx)
	if err != nil {
		return err
	}
	inSpan := within(days, span.First, span.Last)
	total := 0
	for _, d := range inSpan {
		total += d.Papers
	}
	p := spanPage{
		Span: span, Latest: latest,
		Lede:     plural(total, "paper"),
		Nothing:  "No papers are listed here.",
		List:     newListWhy(papers, r.URL, nil),
		Calendar: newCalendar(offprint.SpanOf(offprint.UnitMonth, span.First), days, span),
		Dense:    reader != nil && reader.Settings.Dense,
	}
	if chosen != "" {
		p.Lede = thousands(papers.Total) + " of " + plural(total, "paper") + chosen
		p.Nothing = "None of this " + string(span.Unit) + "’s papers is in your categories."
	}
	if before := within(days, 0, span.First-1); len(before) > 0 {
		p.Prev = offprint.SpanOf(span.Unit, before[len(before)-1].Day).Path()
	}
	if after := within(days, span.Last+1, math.MaxInt32); len(after) > 0 {
		p.NextSpan = offprint.SpanOf(span.Unit, after[0].Day).Path()
	}
	type order struct {
		sort offprint.Sort
		name string
	}
	orders := []order{{offprint.SortTrending, "Trending"}, {offprint.SortTime, "Newest"}, {offprint.SortVotes, "Votes"}}
	if reader != nil && s.Engine.Ready() {
		orders = slices.Insert(orders, 0, order{offprint.SortForYou, "For you"})
	}
	for _, o := range orders {
		u := span.Path()
		if o.sort != fallback {
			u += "?sort=" + string(o.sort)
		}
		p.Sorts = append(p.Sorts, tab{o.name, u, o.sort == q.Sort})
	}
	for _, o := range []struct {
		unit offprint.Unit
		name string
	}{{offprint.UnitDay, "Day"}, {offprint.UnitWeek, "Week"}, {offprint.UnitMonth, "Month"}} {
		at := span.Last
		if len(inSpan) > 0 { // a week's last day may have no page worth seeing
			at = inSpan[len(inSpan)-1].Day
		}
		p.Units = append(p.Units, tab{o.name, offprint.SpanOf(o.unit, at).Path(), o.unit == span.Unit})
	}
	if p.Categories, err = s.topCategories(ctx, 12); err != nil {
		return err
	}
	title, canonical := span.Title(), span.Path()
	if latest {
		canonical = "/"
	}
	s.render(w, r, http.StatusOK, "span", page{
		Title: title, Nav: "today", Canonical: canonical, Feed: "/feed/today",
		Description: "The papers of " + title + ".",
		Content:     p,
	})
	return nil
}

// spanPapers lists the papers of some days. For a reader of whom nothing is
// known yet, the order for them is that of what trends.
func (s *Server) spanPapers(ctx context.Context, q offprint.PaperQuery) (engine.Page, error) {
	if q.Sort == offprint.SortForYou && q.ReaderID != 0 && s.Engine.Ready() {
		papers, err := s.Engine.ForYou(ctx, q, false)
		if err != nil || papers.Examples > 0 {
			return papers, err
		}
		q.Cursor = ""
	}
	papers, err := s.Store.Papers(ctx, q)
	return engine.Page{PaperPage: papers}, err
}

// within are the days from first to last, both included.
func within(days []offprint.DayCount, first, last offprint.Date) []offprint.DayCount {
	at := func(d offprint.Date) int {
		i, _ := slices.BinarySearchFunc(days, d, func(c offprint.DayCount, d offprint.Date) int { return cmp.Compare(c.Day, d) })
		return i
	}
	if last == math.MaxInt32 {
		return days[at(first):]
	}
	return days[at(first):at(last+1)]
}

// calendar is a month with its days linked.
type calendar struct {
	Title    string
	Weekdays []string
	Days     template.HTML // rows of a table, a week each; written here for the reason that [list] gives
}

func newCalendar(month offprint.Span, days []offprint.DayCount, current offprint.Span) *calendar {
	papers := map[offprint.Date]int{}
	for _, d := range within(days, month.First, month.Last) {
		papers[d.Day] = d.Papers
	}
	var b strings.Builder
	for monday := offprint.SpanOf(offprint.UnitWeek, month.First).First; monday <= month.Last; monday += 7 {
		b.WriteString("<tr>")
		for d := monday; d < monday+7; d++ {
			number := strconv.Itoa(int(d-month.First) + 1)
			switch {
			case d < month.First || d > month.Last:
				b.WriteString("<td></td>")
			case papers[d] == 0:
				b.WriteString("<td><span>" + number + "</span></td>")
			default:
				b.WriteString(`<td><a href="/day/` + d.String() + `"`)
				if current.Unit == offprint.UnitDay && d == current.First {
					b.WriteString(` aria-current="date"`)
				}
				b.WriteString(` aria-label="` + number + month.First.Time().Format(" January") + ": " + plural(papers[d], "paper") + `">` + number + "</a></td>")
			}
		}
		b.WriteString("</tr>")
	}
	return &calendar{
		Title:    month.Title(),
		Weekdays: []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
		Days:     template.HTML(b.String()), //nolint:gosec // numbers and names of months
	}
}

// listPage is a heading over a list of papers.
type listPage struct {
	Heading, Lede, Nothing string
	Sorts                  []tab
	List                   list
	Feed                   string // path of an Atom feed
	Query                  string // shown in the search box
	Help                   bool   // show how to search
	SaveAs                 bool   // offer to keep the search
	Neighbours             engine.Neighbours
}

// sortTabs are the tabs for the orders of a list at the request's address.
func sortTabs(r *http.Request, current offprint.Sort, sorts ...offprint.Sort) []tab {
	names := map[offprint.Sort]string{
		offprint.SortRelevance: "Relevance", offprint.SortTime: "Newest",
		offprint.SortTrending: "Trending", offprint.SortVotes: "Votes",
	}
	var tabs []tab
	for _, o := range sorts {
		q := r.URL.Query()
		q.Del("cursor")
		q.Set("sort", string(o))
		tabs = append(tabs, tab{names[o], r.URL.Path + "?" + q.Encode(), o == current})
	}
	return tabs
}

func (s *Server) category(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	q, err := s.listQuery(r, offprint.SortTime)
	if err != nil {
		return err
	}
	q.Category = name
	papers, err := s.Store.Papers(r.Context(), q)
	if err != nil {
		return err
	}
	if len(papers.Items) == 0 && q.Cursor == "" {
		return offprint.Errorf(offprint.KindNotFound, "No paper here is in the category %q.", name)
	}
	s.render(w, r, http.StatusOK, "list", page{
		Title: name, Nav: "categories", Canonical: "/category/" + url.PathEscape(name), Feed: "/feed/category/" + url.PathEscape(name),
		Content: listPage{
			Heading: name, Lede: categoryName(name), Feed: "/feed/category/" + url.PathEscape(name),
			Sorts: sortTabs(r, q.Sort, offprint.SortTime, offprint.SortTrending, offprint.SortVotes),
			List:  newList(papers, r.URL, nil),
		},
	})
	return nil
}

func (s *Server) categories(w http.ResponseWriter, r *http.Request) error {
	counts, err := s.topCategories(r.Context(), 1000)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "categories", page{Title: "Categories", Nav: "categories", Canonical: "/categories", Content: groupCategories(counts)})
	return nil
}

// categoryGroup is an archive and its categories.
type categoryGroup struct {
	Name       string
	Categories []categoryCount
}

// groupCategories puts categories under their archives, in the order in which
// these first appear.
func groupCategories(counts []categoryCount) []categoryGroup {
	var groups []categoryGroup
	at := map[string]int{}
	for _, c := range counts {
		archive, _, _ := strings.Cut(c.Name, ".")
		i, ok := at[archive]
		if !ok {
			i = len(groups)
			at[archive] = i
			groups = append(groups, categoryGroup{Name: cmp.Or(archiveNames[archive], archive)})
		}
		groups[i].Categories = append(groups[i].Categories, c)
	}
	return groups
}

func (s *Server) author(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	q, err := s.listQuery(r, offprint.SortTime)
	if err != nil {
		return err
	}
	q.Author = name
	papers, err := s.Store.Papers(r.Context(), q)
	if err != nil {
		return err
	}
	if len(papers.Items) == 0 && q.Cursor == "" {
		return offprint.Errorf(offprint.KindNotFound, "No paper here is by %q. Try the search: author:%q.", name, name)
	}
	p := listPage{Heading: name, Lede: "Papers by this name, newest first", List: newList(papers, r.URL, nil)}
	if s.Engine.Ready() {
		if p.Neighbours, err = s.Engine.Neighbours(name, 12); err != nil {
			return err
		}
	}
	s.render(w, r, http.StatusOK, "list", page{Title: name, Canonical: "/author/" + url.PathEscape(name), Content: p})
	return nil
}

func (s *Server) authors(w http.ResponseWriter, r *http.Request) error {
	prefix := r.URL.Query().Get("q")
	counts, err := s.Store.AuthorsLike(r.Context(), prefix, 100)
	if err != nil {
		return err
	}
	type authorsPage struct {
		Prefix  string
		Authors []categoryCount
	}
	p := authorsPage{Prefix: prefix}
	for _, c := range counts {
		p.Authors = append(p.Authors, categoryCount{c.Name, "/author/" + url.PathEscape(c.Name), strconv.Itoa(c.Papers), ""})
	}
	s.render(w, r, http.StatusOK, "authors", page{Title: "Authors", Canonical: "/authors", Content: p})
	return nil
}

// founding shows the 63 papers that become methods, in their own order.
func (s *Server) founding(w http.ResponseWriter, r *http.Request) error {
	type entry struct {
		offprint.FoundingPaper
		Key         string
		TitleHTML   template.HTML
		SummaryHTML template.HTML
	}
	var entries []entry
	for _, f := range offprint.FoundingList() {
		p := f.Paper()
		entries = append(entries, entry{f, p.Key, mathHTML(f.Title), mathHTML(f.Summary)})
	}
	nav := "founding"
	if r.URL.Path == "/" {
		nav = "today"
	}
	s.render(w, r, http.StatusOK, "founding", page{
		Title: "The founding list", Nav: nav, Canonical: "/founding",
		Content: struct {
			Entries []entry
			First   bool // shown in place of a day
		}{entries, r.URL.Path == "/"},
	})
	return nil
}
