package storetest

import (
	"slices"
	"testing"

	"github.com/offprint/offprint"
)

func search(t *testing.T, text string) offprint.Query {
	t.Helper()
	return must(offprint.ParseQuery(text))(t)
}

// The search box: terms, filters, and that it keeps up with the papers.
func testSearch(t *testing.T, s offprint.Store) {
	a, b, c := newPaper(1), newPaper(2), newPaper(3)
	a.Title, a.Abstract, a.Authors = "Attention is enough", "A transformer translates.", []string{"Ada Lovelace"}
	b.Title, b.Abstract, b.Categories = "Graphs and attention", "Graph networks. Code: https://github.com/example/graphs", []string{"cs.CV"}
	b.Authors = []string{"Emmy Noether"}
	c.Title, c.Abstract, c.Listed = "Translating Gödel", "An essay.", day+20
	put(t, s, a, b, c)
	one, two, three := "2603.00001", "2603.00002", "2603.00003"
	for text, want := range map[string][]string{
		"attention":                 {one, two},
		"ATTENTION enough":          {one},
		"attention -graphs":         {one},
		`"is enough"`:               {one},
		`"enough is"`:               nil,
		"transf*":                   {one},
		"godel":                     {three},
		"attention cat:cs.CV":       {two},
		"cat:cs":                    {one, two, three},
		"-cat:cs.CV":                {one, three},
		"author:lovelace":           {one},
		`author:"Ada Lovelace"`:     {one},
		"-author:lovelace":          {two, three},
		"has:code":                  {two},
		"-has:code":                 {one, three},
		"similar:2603.00001":        {one, two, three}, // papers alike are not a store's business
		"godel similar:2603.00001":  {three},
		"after:2026-03-20":          {three},
		"before:2026-03-20":         {one, two},
		"attention after:2026-04":   nil,
		"nothinglikethisiswritten":  nil,
		"attention before:2026-03":  nil,
		"attention author:lovelace": {one},
	} {
		q := offprint.PaperQuery{Search: search(t, text)}
		page := must(s.Papers(t.Context(), q))(t)
		if page.Total != len(want) {
			t.Errorf("%s: total %d, want %d", text, page.Total, len(want))
		}
		sameKeys(t, text, walk(t, s, q), want)
	}
	for q, want := range map[*offprint.PaperQuery][]string{
		{Search: search(t, "attention"), Category: "cs.CV"}:                   {two},
		{Search: search(t, "cat:cs.CV"), Category: "cs.CL"}:                   nil,
		{Search: search(t, "attention"), Author: "ada lovelace"}:              {one},
		{Search: search(t, "attention"), Author: "Nobody"}:                    nil,
		{Search: search(t, "cat:cs"), Origin: "arxiv", First: day, Last: day}: {one, two},
		{Search: search(t, "cat:cs"), Origin: "feed:x"}:                       nil,
	} {
		sameKeys(t, q.Search.String(), walk(t, s, *q), want)
	}

	b.Title, b.Updated = "Graphs and patience", at.AddDate(0, 0, 1)
	b.Abstract = "Nothing else."
	put(t, s, b)
	sameKeys(t, "attention, after a change", walk(t, s, offprint.PaperQuery{Search: search(t, "attention")}), []string{one})
	sameKeys(t, "patience", walk(t, s, offprint.PaperQuery{Search: search(t, "patience")}), []string{two})
	sameKeys(t, "has:code, after a change", walk(t, s, offprint.PaperQuery{Search: search(t, "has:code")}), nil)

	// A double that is found out is not found any more.
	d := newPaper(4)
	d.Title, d.DOI, d.ArXivID, d.Authors = "Patience and its graphs", "10.1000/d", "", []string{"Someone Else"}
	put(t, s, d)
	b.DOI = d.DOI
	put(t, s, b)
	page := must(s.Papers(t.Context(), offprint.PaperQuery{Search: search(t, "patience")}))(t)
	if page.Total != 1 || len(page.Items) != 1 || page.Items[0].Key != two {
		t.Errorf("patience, after two became one: %d of %d papers", len(page.Items), page.Total)
	}
}

// Tags, marks and notes in a search are those of who asks.
func testSearchOwn(t *testing.T, s offprint.Store) {
	l := newLibrary(t, s, 80)
	for text, tags := range map[string]offprint.TagExpr{
		"machines tag:one":          offprint.HasTag("one"),
		"tag:one":                   offprint.HasTag("one"),
		"machines -tag:one":         offprint.NotTags{Expr: offprint.HasTag("one")},
		"machines tag:one -tag:two": offprint.AllTags{offprint.HasTag("one"), offprint.NotTags{Expr: offprint.HasTag("two")}},
		"machines tag:four":         offprint.HasTag("four"),
	} {
		for _, base := range []offprint.PaperQuery{{}, {Shelf: offprint.MarkSave}, {Noted: true}, {WithHidden: true}, {Category: "cs.CL", First: day, Last: day + 1}} {
			for _, sort := range []offprint.Sort{offprint.SortTime, offprint.SortTrending, offprint.SortVotes} {
				want, got := base, base
				want.ReaderID, want.Tags, want.Sort = l.ann.ID, tags, sort
				got.ReaderID, got.Search, got.Sort, got.Limit = l.ann.ID, search(t, text), sort, 9
				if keys := walk(t, s, got); !slices.Equal(keys, l.keys(want)) {
					t.Errorf("%s %+v:\n got %v\nwant %v", text, base, keys, l.keys(want))
				}
			}
		}
	}
	if keys := walk(t, s, offprint.PaperQuery{Search: search(t, "machines tag:one")}); len(keys) != 0 {
		t.Errorf("tag:one for nobody: %v", keys)
	}
}

// Pages of a search cover it, and each is ordered by relevance.
func testSearchPages(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 57)
	page := must(s.Papers(t.Context(), offprint.PaperQuery{Search: search(t, "learning machines"), Limit: 10}))(t)
	if page.Total != 57 || len(page.Items) != 10 || page.Next == "" {
		t.Fatalf("%d of %d papers, next %q", len(page.Items), page.Total, page.Next)
	}
	for i, item := range page.Items {
		if item.Score <= 0 || i > 0 && item.Score > page.Items[i-1].Score {
			t.Errorf("paper %d has score %v after %v", i, item.Score, page.Items[max(i-1, 0)].Score)
		}
	}
	var want []string
	for _, p := range papers {
		want = append(want, p.Key)
	}
	for _, sort := range []offprint.Sort{"", offprint.SortRelevance, offprint.SortTime, offprint.SortTrending, offprint.SortVotes} {
		sameKeys(t, "all pages by "+string(sort), walk(t, s, offprint.PaperQuery{Search: search(t, "machines"), Sort: sort, Limit: 10}), want)
	}
	_, err := s.Papers(t.Context(), offprint.PaperQuery{Search: search(t, "machines"), Sort: offprint.SortTime, Cursor: page.Next})
	wantKind(t, err, offprint.KindInvalid)
	_, err = s.Papers(t.Context(), offprint.PaperQuery{Sort: offprint.SortTime, Cursor: page.Next})
	wantKind(t, err, offprint.KindInvalid)
}
