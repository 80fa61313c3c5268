package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// routeSources adds the page of where papers come from.
func (s *Server) routeSources(handle func(string, handlerFunc)) {
	owner := func(h handlerFunc) handlerFunc { return s.inSession(s.needOwner(h)) }
	handle("GET /sources", s.inSession(s.sources))
	handle("POST /sources/arxiv", owner(s.addArXiv))
	handle("POST /sources/feed", owner(s.addFeed))
	handle("POST /sources/{id}", owner(s.changeSource))
}

// arxivOAI is where arXiv serves OAI-PMH.
const arxivOAI = "https://oaipmh.arxiv.org/oai"

// arxivSet is a set of arXiv's that is offered to choose.
type arxivSet struct{ Spec, Name string }

var arxivSets = []arxivSet{
	{"cs", "Computer science, all of it"}, {"cs:cs:AI", "cs.AI Artificial intelligence"}, {"cs:cs:CL", "cs.CL Language"},
	{"cs:cs:CV", "cs.CV Vision"}, {"cs:cs:LG", "cs.LG Machine learning"}, {"cs:cs:IR", "cs.IR Information retrieval"},
	{"cs:cs:NE", "cs.NE Neural and evolutionary"}, {"cs:cs:RO", "cs.RO Robotics"}, {"cs:cs:CR", "cs.CR Security"},
	{"cs:cs:HC", "cs.HC Human and computer"}, {"cs:cs:SE", "cs.SE Software engineering"}, {"stat:stat:ML", "stat.ML Machine learning"},
	{"stat", "Statistics, all of it"}, {"math", "Mathematics"}, {"eess", "Electrical engineering"}, {"physics", "Physics, all of it"},
	{"physics:quant-ph", "Quantum physics"}, {"physics:astro-ph", "Astrophysics"}, {"physics:cond-mat", "Condensed matter"},
	{"q-bio", "Quantitative biology"}, {"q-fin", "Quantitative finance"}, {"econ", "Economics"},
}

// backDays are the choices of how far back a new source begins.
var backDays = []struct {
	Days int
	Name string
}{{2, "two days"}, {7, "a week"}, {31, "a month"}, {366, "a year"}, {0, "everything there is (arXiv has millions: days of reading)"}}

// sourceRow is a source and how it fares.
type sourceRow struct {
	offprint.Source
	Kind     string
	State    string // "ok", "failing", "paused" or "new"
	Sentence string
}

type sourcesPage struct {
	Sources []sourceRow
	Owner   bool
	Sync    bool // sources can be read on demand
	Sets    []arxivSet
	Back    any
}

func (s *Server) sources(w http.ResponseWriter, r *http.Request) error {
	sources, err := s.Store.Sources(r.Context())
	if err != nil {
		return err
	}
	reader := readerOf(r.Context())
	p := sourcesPage{
		Owner: reader != nil && reader.Role == offprint.RoleOwner,
		Sync:  s.SyncSource != nil, Sets: arxivSets, Back: backDays,
	}
	for _, src := range sources {
		p.Sources = append(p.Sources, s.newSourceRow(src))
	}
	s.render(w, r, http.StatusOK, "sources", page{Title: "Sources", Nav: "sources", Canonical: "/sources", Content: p})
	return nil
}

func (s *Server) newSourceRow(src offprint.Source) sourceRow {
	row := sourceRow{Source: src, Kind: "Feed", State: "ok"}
	if src.Kind == offprint.SourceArXiv {
		row.Kind = "arXiv"
	}
	switch {
	case src.Paused:
		row.State, row.Sentence = "paused", "Paused by the owner."
	case src.Failures > 0:
		row.State = "failing"
		since := "It has never worked"
		if !src.LastSuccess.IsZero() {
			since = "Failing; it last worked " + ago(s.now().Sub(src.LastSuccess))
		}
		tries := "once"
		if src.Failures > 1 {
			tries = plural(src.Failures, "time") + " in a row"
		}
		row.Sentence = fmt.Sprintf("%s, and has failed %s: %s", since, tries, clipText(src.LastError, 300))
	case src.LastRun.IsZero():
		row.State, row.Sentence = "new", "Not read yet."
	case src.Cursor != "":
		row.Sentence = "Being read; what has come so far is here."
	}
	return row
}

func (s *Server) addArXiv(w http.ResponseWriter, r *http.Request) error {
	back, err := strconv.Atoi(r.PostFormValue("back"))
	if err != nil || back < 0 || back > 10_000 {
		return offprint.Errorf(offprint.KindInvalid, "Choose how far back to begin.")
	}
	src, err := s.newArXivSource(slices.Concat(r.PostForm["set"], words(r.PostFormValue("others"))), back)
	if err != nil {
		return err
	}
	return s.addSource(w, r, src)
}

// newArXivSource checks the sets of a source, which begins some days back: 0
// stands for the beginning of time.
func (s *Server) newArXivSource(sets []string, back int) (*offprint.Source, error) {
	src := &offprint.Source{Kind: offprint.SourceArXiv, URL: arxivOAI, Created: s.now()}
	for _, set := range sets {
		if !setSpec.MatchString(set) {
			return nil, offprint.Errorf(offprint.KindInvalid, "%s is not a set of arXiv’s: write it as cs:cs:CL.", quoted(set))
		}
		if !slices.Contains(src.Sets, set) {
			src.Sets = append(src.Sets, set)
		}
	}
	if len(src.Sets) == 0 || len(src.Sets) > 100 {
		return nil, offprint.Errorf(offprint.KindInvalid, "Choose at least one set of arXiv’s, and at most 100.")
	}
	slices.Sort(src.Sets)
	src.Name = clipText("arXiv "+strings.Join(src.Sets, ", "), 200)
	if back > 0 {
		src.Since = s.now().AddDate(0, 0, -back).UTC().Truncate(24 * time.Hour)
	}
	return src, nil
}

// setSpec is what OAI-PMH allows as the name of a set.
var setSpec = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}(:[A-Za-z0-9_.-]{1,40}){0,3}$`)

func (s *Server) addFeed(w http.ResponseWriter, r *http.Request) error {
	src, err := s.newFeedSource(r.PostFormValue("url"), r.PostFormValue("name"), r.PostFormValue("private") != "")
	if err != nil {
		return err
	}
	return s.addSource(w, r, src)
}

// newFeedSource checks the address of a feed, which is named after its host
// when it has no name.
func (s *Server) newFeedSource(address, name string, allowPrivate bool) (*offprint.Source, error) {
	address, err := webAddress(strings.TrimSpace(address))
	if err != nil {
		return nil, err
	}
	src := &offprint.Source{Kind: offprint.SourceFeed, URL: address, Created: s.now(), Name: searchName(name), AllowPrivate: allowPrivate}
	if src.Name == "" {
		if u, err := url.Parse(address); err == nil {
			src.Name = u.Hostname()
		}
	}
	return src, nil
}

func (s *Server) addSource(w http.ResponseWriter, r *http.Request, src *offprint.Source) error {
	reading, err := s.startSource(r.Context(), src)
	if err != nil {
		return err
	}
	said := "Added."
	if reading {
		said = "Added. It is being read now: papers appear as they come."
	}
	return s.done(w, r, "/sources", said)
}

// startSource stores a new source and asks for it to be read. When that fails,
// the source is there all the same, and its turn comes.
func (s *Server) startSource(ctx context.Context, src *offprint.Source) (reading bool, err error) {
	if err := s.Store.CreateSource(ctx, src); err != nil {
		return false, err
	}
	if s.SyncSource == nil {
		return false, nil
	}
	if err := s.SyncSource(ctx, src.ID); err != nil {
		s.Log.ErrorContext(ctx, "read a new source", "source", src.ID, "error", err)
		return false, nil
	}
	return true, nil
}

func (s *Server) changeSource(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := pathID(r)
	if err != nil {
		return err
	}
	src, err := s.Store.Source(ctx, id)
	if err != nil {
		return err
	}
	said := ""
	switch r.PostFormValue("do") {
	case "pause":
		src.Paused = true
		err, said = s.Store.UpdateSource(ctx, src), src.Name+" is paused."
	case "resume":
		src.Paused = false
		err, said = s.Store.UpdateSource(ctx, src), src.Name+" is read again from where it stood."
	case "sync":
		err, said = s.readSource(ctx, src), src.Name+" is being read now."
	case "remove":
		err, said = s.Store.DeleteSource(ctx, id), src.Name+" is removed. Its papers stay."
	default:
		err = offprint.Errorf(offprint.KindInvalid, "Choose what to do: pause, resume, sync or remove.")
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/sources", said)
}

// readSource asks for a source to be read soon.
func (s *Server) readSource(ctx context.Context, src *offprint.Source) error {
	switch {
	case s.SyncSource == nil:
		return offprint.Errorf(offprint.KindInvalid, "Sources are not read by this process: run offprint sync.")
	case src.Paused:
		return offprint.Errorf(offprint.KindInvalid, "%s is paused: resume it first.", src.Name)
	}
	return s.SyncSource(ctx, src.ID)
}
