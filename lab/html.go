package lab

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"round": func(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) },
	"when":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
}).Parse(reportHTML))

// WriteHTML writes the report as a page that stands alone, with its plots in it.
func (rep *Report) WriteHTML(w io.Writer) error {
	metrics, rows := rep.Table()
	plots, err := rep.SVGs()
	if err != nil {
		return err
	}
	return reportTemplate.Execute(w, struct {
		*Report
		MetricNames []string
		Rows        []Row
		Drawings    []template.HTML
	}{rep, metrics, rows, plots})
}

// SVGs are the report's plots, drawn, as elements for a page.
func (rep *Report) SVGs() ([]template.HTML, error) {
	var out []template.HTML
	for _, p := range rep.Plots {
		svg, err := p.SVG()
		if err != nil {
			return nil, fmt.Errorf("report %s: %w", rep.ID, err)
		}
		out = append(out, template.HTML(inline(svg))) //nolint:gosec // drawn by us; names in it are escaped by the drawing
	}
	return out, nil
}

// inline returns a drawing's element, without the XML declaration before it.
func inline(svg []byte) []byte {
	if i := bytes.Index(svg, []byte("<svg")); i > 0 {
		return svg[i:]
	}
	return svg
}
