package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/queue"
)

// Lab is what the pages need to show and run the papers of the founding list.
type Lab struct {
	Entries []lab.Entry
	Archive lab.Archive
	Queue   *queue.Queue
	Source  fs.FS // of the methods: see methods.Source
	Open    bool  // every reader may run; otherwise the owner alone
}

// routeLab adds the lab, where there is one.
func (s *Server) routeLab(handle func(string, handlerFunc)) {
	if s.Lab == nil {
		return
	}
	handle("GET /lab", s.labIndex)
	handle("GET /lab/{slug}", s.labPaper)
	handle("GET /lab/source/{slug}", s.labSource)
	handle("GET /lab/compare/{slug}", s.labCompare)
	handle("POST /lab/{slug}/run", s.needReader(s.labRun))
	handle("GET /lab/reports/{id}", s.labReport)
	handle("GET /lab/jobs/{id}", s.needReader(s.labJob))
	handle("GET /lab/jobs/{id}/events", s.needReader(s.labEvents))
	handle("POST /lab/jobs/{id}/cancel", s.needReader(s.labCancel))
}

// mayRun reports whether a reader may start and cancel runs.
func (l *Lab) mayRun(r *offprint.Reader) bool {
	return r != nil && (r.Role == offprint.RoleOwner || l.Open)
}

// entry finds a paper of the founding list.
func (l *Lab) entry(slug string) (lab.Entry, error) {
	for _, e := range l.Entries {
		if e.Slug == slug {
			return e, nil
		}
	}
	return lab.Entry{}, offprint.Errorf(offprint.KindNotFound, "No paper of the founding list is called %q.", slug)
}

// labRow is a paper in the index.
type labRow struct {
	lab.Entry
	Key       string
	TitleHTML template.HTML
	Latest    *lab.Report
}

type labIndexPage struct {
	Families                    []labFamily
	Reproduced, Partly, Pending int
	Jobs                        []queue.Job
}

type labFamily struct {
	Name string
	Rows []labRow
}

func (s *Server) labIndex(w http.ResponseWriter, r *http.Request) error {
	var p labIndexPage
	at := map[string]int{}
	for _, e := range s.Lab.Entries {
		switch e.State {
		case lab.Reproduced:
			p.Reproduced++
		case lab.Partly:
			p.Partly++
		default:
			p.Pending++
		}
		row := labRow{Entry: e, Key: e.Paper().Key, TitleHTML: mathHTML(e.Title)}
		if e.Reproduction != nil {
			latest, err := s.Lab.Archive.Latest(e.Slug)
			if err != nil {
				return err
			}
			row.Latest = latest
		}
		i, ok := at[e.Family]
		if !ok {
			i = len(p.Families)
			at[e.Family] = i
			p.Families = append(p.Families, labFamily{Name: familyName(e.Family)})
		}
		p.Families[i].Rows = append(p.Families[i].Rows, row)
	}
	if s.Lab.mayRun(readerOf(r.Context())) {
		for _, j := range s.Lab.Queue.Jobs() {
			if j.State != queue.Ended {
				p.Jobs = append(p.Jobs, j)
			}
		}
		slices.Reverse(p.Jobs)
	}
	s.render(w, r, http.StatusOK, "lab", page{Title: "The lab", Nav: "lab", Canonical: "/lab", Description: "The founding list’s papers, and which of them run.", Content: p})
	return nil
}

// familyName is what a family is called on a page; its own name is its folder's.
func familyName(folder string) string {
	if name, ok := familyNames[folder]; ok {
		return name
	}
	return folder
}

var familyNames = map[string]string{
	"adapter": "Adapters and fine-tuning", "attention": "Attention", "attrib": "Attribution and comparison", "embed": "Embeddings",
	"geometry": "Geometry", "graph": "Graphs", "label": "Learning from few or noisy labels", "metric": "Metric learning",
	"optim": "Optimisation", "rec": "Recommendation", "seq": "Sequence models", "solve": "Solvers", "ssl": "Learning without labels",
	"structured": "Structured and compressed networks", "theory": "Theory",
}

// reportView is a report made ready for a page.
type reportView struct {
	*lab.Report
	MetricNames []string
	Rows        []lab.Row
	Drawings    []template.HTML
}

func viewOf(rep *lab.Report) (*reportView, error) {
	if rep == nil {
		return nil, nil
	}
	v := &reportView{Report: rep}
	v.MetricNames, v.Rows = rep.Table()
	var err error
	v.Drawings, err = rep.SVGs()
	return v, err
}

type labPaperPage struct {
	lab.Entry
	Key       string
	TitleHTML template.HTML
	Latest    *reportView
	History   []labHistory
	API       *lab.API
	MayRun    bool
	Job       *queue.Job // of this paper, that waits or runs
}

// labHistory is a past run.
type labHistory struct {
	ID, Outcome, Broken, Version string
	Full                         bool
	Seed                         uint64
	Started                      time.Time
	Took                         time.Duration
}

// shownHistory is how many past runs a page lists.
const shownHistory = 20

func (s *Server) labPaper(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Lab.entry(r.PathValue("slug"))
	if err != nil {
		return err
	}
	p := labPaperPage{Entry: e, Key: e.Paper().Key, TitleHTML: mathHTML(e.Title), MayRun: s.Lab.mayRun(readerOf(r.Context()))}
	if e.Reproduction != nil {
		latest, err := s.Lab.Archive.Latest(e.Slug)
		if err != nil {
			return err
		}
		if p.Latest, err = viewOf(latest); err != nil {
			return err
		}
		ids, err := s.Lab.Archive.IDs(e.Slug)
		if err != nil {
			return err
		}
		for _, id := range ids[:min(shownHistory, len(ids))] {
			rep, err := s.Lab.Archive.Load(id)
			if err != nil {
				s.Log.WarnContext(r.Context(), "report", "id", id, "error", err)
				continue
			}
			p.History = append(p.History, labHistory{
				ID: id, Outcome: string(rep.Outcome), Broken: rep.Broken, Version: rep.Version, Full: rep.Full, Seed: rep.Seed,
				Started: rep.Started, Took: rep.Took.Round(100 * time.Millisecond),
			})
		}
		if p.API, err = lab.ReadAPI(s.Lab.Source, sourceDir(e)); err != nil {
			return err
		}
		if p.MayRun {
			for _, j := range s.Lab.Queue.Jobs() {
				if j.Slug == e.Slug && j.State != queue.Ended {
					p.Job = &j
				}
			}
		}
	}
	s.render(w, r, http.StatusOK, "lab_paper", page{Title: e.Title + " in the lab", Nav: "lab", Canonical: "/lab/" + e.Slug, Content: p})
	return nil
}

// sourceDir is the folder of a method's package within methods.Source.
func sourceDir(e lab.Entry) string {
	const prefix = "methods/"
	return e.Reproduction.Package[len(prefix):]
}

func (s *Server) labSource(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Lab.entry(r.PathValue("slug"))
	if err != nil {
		return err
	}
	if e.Reproduction == nil {
		return offprint.Errorf(offprint.KindNotFound, "This paper has no method here yet.")
	}
	api, err := lab.ReadAPI(s.Lab.Source, sourceDir(e))
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "lab_source", page{Title: "Source of " + e.Slug, Nav: "lab", Content: struct {
		lab.Entry
		API *lab.API
	}{e, api}})
	return nil
}

// labReport shows one report by itself, as it would be sent to somebody.
func (s *Server) labReport(w http.ResponseWriter, r *http.Request) error {
	rep, err := s.Lab.Archive.Load(r.PathValue("id"))
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="`+rep.ID+`.json"`)
		return rep.WriteJSON(w)
	}
	v, err := viewOf(rep)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "lab_report", page{Title: "A run of " + rep.Slug, Nav: "lab", Content: v})
	return nil
}

func (s *Server) labCompare(w http.ResponseWriter, r *http.Request) error {
	e, err := s.Lab.entry(r.PathValue("slug"))
	if err != nil {
		return err
	}
	before, err := s.Lab.Archive.Load(r.URL.Query().Get("before"))
	if err != nil {
		return err
	}
	after, err := s.Lab.Archive.Load(r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	if before.Slug != e.Slug || after.Slug != e.Slug {
		return offprint.Errorf(offprint.KindInvalid, "These are runs of another paper.")
	}
	s.render(w, r, http.StatusOK, "lab_compare", page{Title: "Two runs of " + e.Slug, Nav: "lab", Content: struct {
		lab.Entry
		Before, After *lab.Report
		Changes       []lab.Change
	}{e, before, after, lab.Compare(before, after)}})
	return nil
}

// labRun puts a run into the queue.
func (s *Server) labRun(w http.ResponseWriter, r *http.Request) error {
	reader := readerOf(r.Context())
	if !s.Lab.mayRun(reader) {
		return offprint.Errorf(offprint.KindForbidden, "Only the owner of this Offprint may run papers.")
	}
	e, err := s.Lab.entry(r.PathValue("slug"))
	if err != nil {
		return err
	}
	if e.Reproduction == nil {
		return offprint.Errorf(offprint.KindNotFound, "This paper has no method here yet.")
	}
	o := lab.Options{Full: r.FormValue("full") == "1", Broken: r.FormValue("broken")}
	if seed := r.FormValue("seed"); seed != "" {
		if o.Seed, err = strconv.ParseUint(seed, 10, 63); err != nil {
			return offprint.Errorf(offprint.KindInvalid, "A seed is a whole number, 0 or more.")
		}
	}
	if o.Broken != "" && !slices.ContainsFunc(e.Reproduction.Broken, func(b lab.BrokenVariant) bool { return b.Name == o.Broken }) {
		return offprint.Errorf(offprint.KindInvalid, "%s has no broken variant of that name.", e.Slug)
	}
	j, err := s.Lab.Queue.Add(e.Slug, o, reader.ID)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/lab/jobs/"+j.ID, http.StatusSeeOther)
	return nil
}

type labJobPage struct {
	queue.Job
	Ahead     int
	TitleHTML template.HTML
	Report    *reportView
}

func (s *Server) labJob(w http.ResponseWriter, r *http.Request) error {
	if !s.Lab.mayRun(readerOf(r.Context())) {
		return offprint.Errorf(offprint.KindForbidden, "Only the owner of this Offprint may run papers.")
	}
	j, ahead, err := s.Lab.Queue.Job(r.PathValue("id"))
	if err != nil {
		return err
	}
	p := labJobPage{Job: j, Ahead: ahead}
	if e, err := s.Lab.entry(j.Slug); err == nil {
		p.TitleHTML = mathHTML(e.Title)
	}
	if p.Report, err = viewOf(j.Report); err != nil {
		return err
	}
	refresh := 0
	if j.State != queue.Ended {
		refresh = 5
	}
	s.render(w, r, http.StatusOK, "lab_job", page{Title: "Running " + j.Slug, Nav: "lab", Refresh: refresh, Content: p})
	return nil
}

// jobEvent is what a job's page is told of it.
type jobEvent struct {
	State   queue.State `json:"state"`
	Ahead   int         `json:"ahead"`
	Done    float64     `json:"done"`
	Message string      `json:"message"`
	Seconds int         `json:"seconds"` // since it began
}

// labEvents sends what happens to a job as server-sent events, until it ends.
func (s *Server) labEvents(w http.ResponseWriter, r *http.Request) error {
	if !s.Lab.mayRun(readerOf(r.Context())) {
		return offprint.Errorf(offprint.KindForbidden, "Only the owner of this Offprint may run papers.")
	}
	if _, _, err := s.Lab.Queue.Job(r.PathValue("id")); err != nil {
		return err
	}
	rc := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	last := time.Time{}
	err := s.Lab.Queue.Watch(r.Context(), r.PathValue("id"), func(j queue.Job, ahead int) error {
		if wait := 100*time.Millisecond - time.Since(last); wait > 0 && j.State == queue.Running {
			time.Sleep(wait) // nobody reads faster
		}
		last = time.Now()
		e := jobEvent{State: j.State, Ahead: ahead, Done: j.Progress.Done, Message: j.Progress.Message}
		if !j.Started.IsZero() {
			e.Seconds = int(time.Since(j.Started).Seconds())
		}
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_ = rc.SetWriteDeadline(time.Now().Add(time.Minute)) // not every writer has deadlines
		if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil {
			return err
		}
		return rc.Flush()
	})
	if err != nil && r.Context().Err() == nil {
		s.Log.DebugContext(r.Context(), "events", "error", err)
	}
	return nil
}

func (s *Server) labCancel(w http.ResponseWriter, r *http.Request) error {
	if !s.Lab.mayRun(readerOf(r.Context())) {
		return offprint.Errorf(offprint.KindForbidden, "Only the owner of this Offprint may run papers.")
	}
	id := r.PathValue("id")
	if err := s.Lab.Queue.Cancel(id); err != nil {
		return err
	}
	http.Redirect(w, r, "/lab/jobs/"+id, http.StatusSeeOther)
	return nil
}
