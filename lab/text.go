package lab

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the report for a terminal: the table of the method against
// its baselines, the checks and the notes. Plots are named, not drawn.
func (rep *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", rep.Title, rep.Claim)
	if rep.Broken != "" {
		fmt.Fprintf(&b, "Broken variant: %s. It must fail a check.\n", rep.Broken)
	}
	b.WriteByte('\n')

	metrics, rows := rep.Table()
	// A table as wide as a terminal: variants across when there are fewer of
	// them than metrics.
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(metrics) <= len(rows) {
		fmt.Fprintf(tw, "\t%s\n", strings.Join(metrics, "\t"))
		for _, row := range rows {
			fmt.Fprint(tw, rowName(row))
			for _, c := range row.Cells {
				fmt.Fprintf(tw, "\t%s", c.Text())
			}
			fmt.Fprintln(tw)
		}
	} else {
		for _, row := range rows {
			fmt.Fprintf(tw, "\t%s", rowName(row))
		}
		fmt.Fprintln(tw)
		for i, m := range metrics {
			fmt.Fprint(tw, m)
			for _, row := range rows {
				fmt.Fprintf(tw, "\t%s", row.Cells[i].Text())
			}
			fmt.Fprintln(tw)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if len(rows) > 0 {
		b.WriteString("Means, ± the standard deviation over seeds. * the paper's method.\n\n")
	}

	tw = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range rep.Checks {
		mark := "pass"
		if !c.Passed {
			mark = "FAIL"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s %s\n", mark, c.Name, c.Measured, c.Relation, c.Bar)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, n := range rep.Notes {
		fmt.Fprintf(&b, "note  %s\n", n)
	}
	fmt.Fprintf(&b, "\n%s", rep.Outcome)
	if rep.Reason != "" {
		fmt.Fprintf(&b, ": %s", rep.Reason)
	}
	fmt.Fprintf(&b, " (%s)\n", rep.Took.Round(100*time.Millisecond))
	_, err := io.WriteString(w, b.String())
	return err
}

func rowName(r Row) string {
	if r.Method {
		return r.Variant + " *"
	}
	return r.Variant
}

// Text writes a summary as people do: ".7652 ± .0031".
func (s Summary) Text() string {
	if s.N == 0 {
		return ""
	}
	text := s.Mean.String()
	if s.N > 1 {
		text += " ± " + fmt.Sprintf("%.2g", float64(s.SD))
	}
	if s.Unit != "" {
		text += " " + s.Unit
	}
	return text
}
