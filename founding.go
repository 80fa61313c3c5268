package offprint

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// FoundingPaper is a paper of the founding list: the 63 papers that become
// methods, whose summaries are our own.
type FoundingPaper struct {
	Number  int    `json:"number"` // 1 to 63, the order of the list
	Slug    string `json:"slug"`   // names its method, as in "offprint run SLUG"
	Title   string `json:"title"`
	Year    int    `json:"year"`
	ArXivID string `json:"arxiv_id"` // empty if not known
	Family  string `json:"family"`   // such as "embed"; the folder under methods/
	Summary string `json:"summary"`  // one paragraph, our own words
}

// OriginFounding is the source of the papers of the founding list.
const OriginFounding = "founding"

//go:embed founding.json
var foundingJSON []byte

// founding is the list in order, with the papers' keys beside it.
var founding = sync.OnceValue(func() (list struct {
	papers []FoundingPaper
	keys   []string
}) {
	if err := json.Unmarshal(foundingJSON, &list.papers); err != nil {
		panic(fmt.Sprintf("offprint: founding.json: %v", err)) // built in, and tested
	}
	slices.SortFunc(list.papers, func(a, b FoundingPaper) int { return cmp.Compare(a.Number, b.Number) })
	for _, f := range list.papers {
		list.keys = append(list.keys, f.Paper().Key)
	}
	return list
})

// FoundingList returns the founding list in its order.
func FoundingList() []FoundingPaper { return slices.Clone(founding().papers) }

// FoundingByKey finds a paper of the founding list by its [Paper.Key].
func FoundingByKey(key string) (FoundingPaper, bool) {
	list := founding()
	if i := slices.Index(list.keys, key); i >= 0 {
		return list.papers[i], true
	}
	return FoundingPaper{}, false
}

// FoundingBySlug finds a paper of the founding list by its method's name.
func FoundingBySlug(slug string) (FoundingPaper, bool) {
	list := founding().papers
	if i := slices.IndexFunc(list, func(f FoundingPaper) bool { return f.Slug == slug }); i >= 0 {
		return list[i], true
	}
	return FoundingPaper{}, false
}

// Paper returns the entry as a paper to store. It has our summary and no
// abstract, and stands on no day's page.
func (f FoundingPaper) Paper() Paper {
	p := Paper{
		ArXivID: f.ArXivID,
		Title:   f.Title,
		Summary: f.Summary,
		Origins: []Origin{{Source: OriginFounding}},
	}
	if f.ArXivID != "" {
		p.Origins[0].URL = "https://arxiv.org/abs/" + f.ArXivID
	}
	p.Key = KeyFor(&p)
	return p
}
