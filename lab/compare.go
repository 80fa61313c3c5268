package lab

// Change is a metric of one variant in two reports.
type Change struct {
	Metric, Variant, Unit string
	Before, After         Summary
	Delta                 Number // After.Mean - Before.Mean
}

// Compare returns the changes of the metrics that both reports have, in the
// order of after.
func Compare(before, after *Report) []Change {
	var changes []Change
	metrics, rows := after.Table()
	for _, row := range rows {
		for i, m := range metrics {
			was := before.Summary(m, row.Variant)
			is := row.Cells[i]
			if was.N == 0 || is.N == 0 {
				continue
			}
			changes = append(changes, Change{Metric: m, Variant: row.Variant, Unit: is.Unit, Before: was, After: is, Delta: is.Mean - was.Mean})
		}
	}
	return changes
}
