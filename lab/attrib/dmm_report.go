package attrib

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
)

// outcome is the KLoM of the three parts for each group.
type outcome map[string][]float64

// worst are the worst parts for groups; those without an outcome are left out.
func (o outcome) worst(groups []string) []float64 {
	var all []float64
	for _, g := range groups {
		if k := o[g]; k != nil {
			all = append(all, slices.Max(k))
		}
	}
	return all
}

var (
	forgetRivals   = []string{forgetFineTune, forgetBoth, forgetSCRUB, forgetAscent}
	forgetVariants = append([]string{forgetDMM, forgetDirect}, append(forgetRivals, forgetNothing, forgetFloor)...)
)

// report reports what was found for the groups: over those that matter, with the
// best of a method's settings for all of them, and for each group with the best
// for that one.
func (u *unlearningRun) report() {
	matter := u.matter()
	u.Metric(metricMatter, forgetNothing, u.seed, float64(len(matter)), "of 10")
	best := map[string]outcome{}
	for _, v := range forgetVariants {
		for _, o := range u.found[v] {
			if best[v] == nil || median(o.worst(matter)) < median(best[v].worst(matter)) {
				best[v] = o
			}
		}
		if v != forgetFloor && best[v] != nil {
			u.Metric(metricMedian, v, u.seed, median(best[v].worst(matter)), "")
		}
	}
	for p, part := range parts {
		for _, v := range forgetVariants {
			var all []float64
			for _, g := range matter {
				if k := best[v][g]; k != nil {
					all = append(all, k[p])
				}
			}
			if v != forgetFloor && all != nil {
				u.Metric(metricPart(part), v, u.seed, median(all), "")
			}
		}
	}
	for _, g := range u.groups {
		for _, v := range forgetVariants {
			least := math.Inf(1)
			for _, o := range u.found[v] {
				least = min(least, slices.Min(append(o.worst([]string{g}), math.Inf(1))))
			}
			if !math.IsInf(least, 1) {
				u.Metric(metricWorst(g), v, u.seed, least, "")
			}
		}
	}
	var changes []float64
	for _, g := range matter {
		changes = append(changes, u.changes[g])
	}
	u.Metric(metricChange, forgetDMM, u.seed, median(changes), "")
}

// matter are the groups of a class that a network without them is surely told by:
// one that forgets nothing has a KLoM of 8 or more on them.
func (u *unlearningRun) matter() []string {
	var out []string
	for _, g := range u.groups {
		if slices.Contains(groups, g) && u.found[forgetNothing][0][g][0] >= 8 {
			out = append(out, g)
		}
	}
	return out
}

func checkUnlearning(r *lab.Run, names []string) {
	var all []float64
	for _, g := range names {
		if slices.Contains(groups, g) {
			all = append(all, r.Mean(metricWorst(g), forgetDMM))
		}
	}
	r.AtMost("DMM: worst p95 KLoM, median of all groups", median(all), 1.7)
	r.AtLeast("correlation of the predicted change, median of the groups that matter", r.Mean(metricChange, forgetDMM), .93)
	if r.Broken != "" {
		return
	}
	dmm, rival := r.Mean(metricMedian, forgetDMM), math.Inf(1)
	for _, v := range forgetRivals {
		rival = min(rival, r.Mean(metricMedian, v))
	}
	r.AtMost("DMM / the best rival with one setting, medians of the groups that matter", dmm/rival, .75)
	r.AtLeast("groups that matter", r.Mean(metricMatter, forgetNothing), 4)
	r.AtMost("two sets of retrained networks: worst p95 KLoM", r.Mean(metricWorst(drawnGroup), forgetFloor), 1.1)
	noteGroups(r, names)
}

// noteGroups says where DMM fails, and what tuning for each group makes of the
// rivals.
func noteGroups(r *lab.Run, names []string) {
	var dmm, rival []float64
	var failed []string
	for _, g := range names {
		d, least := r.Mean(metricWorst(g), forgetDMM), math.Inf(1)
		for _, v := range forgetRivals {
			least = min(least, r.Mean(metricWorst(g), v))
		}
		if d > 3 {
			failed = append(failed, fmt.Sprintf("%s (%.1f)", g, d))
		}
		if slices.Contains(groups, g) {
			dmm, rival = append(dmm, d), append(rival, least)
		}
	}
	r.Note("With the best rival and setting for each group, chosen by looking at the retrained networks, all ten groups have the mean %.2f and the median %.2f; DMM, with one setting, has %.2f and %.2f.", average(rival), median(rival), average(dmm), median(dmm))
	if failed != nil {
		r.Note("DMM fails for the groups %s. Their examples stand in for each other: losing all of them is more than the sum of losing each, which is all that a datamodel knows.", strings.Join(failed, ", "))
	}
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func plotUnlearning(r *lab.Run, names []string) {
	variants := []string{forgetNothing, forgetFineTune, forgetBoth, forgetSCRUB, forgetDMM}
	byGroup := plot.Plot{
		Name: "klom-by-group", Title: "How far from retraining, for each class of which six images are forgotten",
		X: plot.Axis{Label: "group", Labels: names}, Y: plot.Axis{Label: "p95 KLoM, worst part"},
		Rules: []plot.Rule{{Name: forgetFloor, Y: r.Mean(metricWorst(drawnGroup), forgetFloor)}},
	}
	byPart := plot.Plot{
		Name: "klom-by-part", Title: "How far from retraining, on what is forgotten and on the rest",
		X: plot.Axis{Labels: parts}, Y: plot.Axis{Label: "p95 KLoM, median of the groups that matter"},
		Rules: byGroup.Rules,
	}
	for _, v := range variants {
		of := plot.Bar{Name: v, Method: v == forgetDMM}
		for _, g := range names {
			of.Y = append(of.Y, r.Mean(metricWorst(g), v))
		}
		byGroup.Bars = append(byGroup.Bars, of)
		of.Y = nil
		for _, part := range parts {
			of.Y = append(of.Y, r.Mean(metricPart(part), v))
		}
		byPart.Bars = append(byPart.Bars, of)
	}
	r.Plot(byPart)
	r.Plot(byGroup)
}
