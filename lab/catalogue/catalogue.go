// Package catalogue lists the reproductions, in the order of the founding list.
package catalogue

import (
	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/attrib"
	"github.com/offprint/offprint/lab/embed"
	"github.com/offprint/offprint/lab/geometry"
	"github.com/offprint/offprint/lab/graph"
	"github.com/offprint/offprint/lab/label"
	"github.com/offprint/offprint/lab/rec"
	"github.com/offprint/offprint/lab/solve"
	"github.com/offprint/offprint/lab/theory"
)

// All are the reproductions that exist. Adding one is adding a line.
func All() []lab.Reproduction {
	return []lab.Reproduction{
		geometry.GBWBN,
		geometry.H4G,
		graph.CommutativeMonoids,
		theory.UnsupPretraining,
		embed.Compat,
		embed.VectorStorage,
		theory.AdvaniSaxe,
		rec.M2TRec,
		label.AnyLoss,
		solve.LInf,
		solve.AltMin,
		theory.PermLearn,
		embed.MRL,
		graph.FastRP,
		geometry.Loki,
		label.LLS,
		attrib.Convergent,
		rec.NGCF,
		label.SLK,
		solve.DCDM,
		embed.Starbucks,
		label.ELR,
		rec.SemanticIDs,
		geometry.DiffuMatch,
		graph.GRADCO,
		graph.MindTheGap,
		label.LearnToActivelyLearn,
		label.SubspaceLearners,
		embed.UnifiedEmbedding,
		attrib.Unlearning,
		theory.PACInvariance,
	}
}

// BySlug finds a reproduction.
func BySlug(slug string) (lab.Reproduction, error) {
	for _, r := range All() {
		if r.Slug == slug {
			return r, nil
		}
	}
	if f, ok := offprint.FoundingBySlug(slug); ok {
		return lab.Reproduction{}, offprint.Errorf(offprint.KindNotFound, "%s (%s) has no reproduction yet: \"offprint list\" shows those that have.", f.Slug, f.Title)
	}
	return lab.Reproduction{}, offprint.Errorf(offprint.KindNotFound, "No paper of the founding list is called %q: \"offprint list\" shows them all.", slug)
}

// List returns the founding list, with those papers that have no reproduction yet.
func List() []lab.Entry {
	bySlug := map[string]lab.Reproduction{}
	for _, r := range All() {
		bySlug[r.Slug] = r
	}
	var list []lab.Entry
	for _, f := range offprint.FoundingList() {
		e := lab.Entry{FoundingPaper: f, State: lab.NotYet}
		if r, ok := bySlug[f.Slug]; ok {
			e.State, e.Reproduction = r.State, &r
		}
		list = append(list, e)
	}
	return list
}
