package offprint

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
