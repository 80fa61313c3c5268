package web

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/texmath"
)

// mathHTML shows a title or an abstract: escaped, with its mathematics marked.
func mathHTML(s string) template.HTML { return texmath.HTML(s) }

// templateFuncs are the functions that templates may call.
func (s *Server) templateFuncs() template.FuncMap {
	return template.FuncMap{
		"asset":     func(name string) string { return s.assets.path(name) },
		"segment":   url.PathEscape, // a name as part of a path
		"url":       func(path string) string { return s.BaseURL + path },
		"version":   func() string { return s.Version },
		"math":      mathHTML,
		"join":      func(xs []string, sep string) string { return strings.Join(xs, sep) },
		"thousands": thousands,
		"plural":    plural,
		"percent1":  func(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" },
		"week":      week,
		"percent":   func(share float32) string { return strconv.Itoa(int(100*share+.5)) + "%" },
		"date":      func(t time.Time) string { return stamp(t, "2 January 2006") },
		"datetime":  func(t time.Time) string { return stamp(t, "2 Jan 2006, 15:04 MST") },
		"day":       func(d offprint.Date) string { return d.Time().Format("Monday, 2 January 2006") },
		"marks":     markButtons,
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"ago":       func(t time.Time) string { return ago(s.now().Sub(t)) },
		"hasLab":    func() bool { return s.Lab != nil },
		"hasEngine": s.Engine.Ready,
		"took":      took,
		"firstLine": func(s string) string { first, _, _ := strings.Cut(s, "\n"); return first },
	}
}

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// ago writes a duration as people say it: "just now", "5 minutes ago", "in 2 hours".
func ago(d time.Duration) string {
	write := func(text string) string { return text + " ago" }
	if d < 0 {
		d, write = -d, func(text string) string { return "in " + text }
	}
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return write(plural(int(d.Minutes()), "minute"))
	case d < 48*time.Hour:
		return write(plural(int(d.Hours()), "hour"))
	default:
		return write(plural(int(d.Hours()/24), "day"))
	}
}

// took writes how long something lasted, as precisely as anybody cares.
func took(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return "under 0.1 s"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'g', 2, 64) + " s"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	}
	return strconv.Itoa(int(d.Hours())) + " h"
}

// markButton is a button for one of a reader's private marks.
type markButton struct {
	Mark  offprint.Mark
	Label string
	On    bool
}

func markButtons(st offprint.State) []markButton {
	label := func(on bool, yes, no string) string {
		if on {
			return yes
		}
		return no
	}
	return []markButton{
		{offprint.MarkSave, label(st.Saved, "Saved", "Save"), st.Saved},
		{offprint.MarkRead, label(st.Read, "Read", "Mark as read"), st.Read},
		{offprint.MarkHide, label(st.Hidden, "Hidden", "Hide"), st.Hidden},
	}
}
