package web

import "net/http"

// The groups of the API's operations, in the order of its page.
const (
	groupPapers   = "Papers"
	groupLearned  = "What is learned from the papers"
	groupComments = "Comments"
	groupLists    = "Days, categories and authors"
	groupLibrary  = "Library"
	groupSearches = "Saved searches"
	groupWebhooks = "Webhooks"
	groupMail     = "Digests by mail"
	groupAccount  = "Account"
	groupSources  = "Sources"
	groupOwner    = "Readers and reports"
	groupAbout    = "About the API"
	groupOthers   = "For programs written for others"
)

const (
	created    = http.StatusCreated
	accepted   = http.StatusAccepted
	notFound   = http.StatusNotFound
	conflict   = http.StatusConflict
	badGateway = http.StatusBadGateway
)

// operations are all that the API does, in the order of its page.
func (s *Server) operations() []operation {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
		v1                         = "/api/v1"
		paper                      = v1 + "/papers/{key}"
		onceOnly                   = "The secret is given in this answer and never again."
	)
	return []operation{
		{method: get, path: v1 + "/papers", id: "listPapers", group: groupPapers, summary: "List papers", endpoint: does(s.apiListPapers), fails: []int{notFound},
			notes: "Without an order, a search with words is by relevance, a day, week or month is trending, and anything else is by time. What a reader has hidden is left out."},
		{method: post, path: v1 + "/papers", id: "submitPaper", group: groupPapers, summary: "Fetch a paper from arXiv", endpoint: does(s.apiSubmitPaper), access: forReaders, slow: true, fails: []int{notFound, badGateway},
			notes: "A paper that is here already is not fetched again."},
		{method: get, path: paper, id: "getPaper", group: groupPapers, summary: "Get a paper", endpoint: does(s.apiGetPaper)},
		{method: put, path: paper + "/marks/{mark}", id: "setMark", group: groupPapers, summary: "Put a mark on a paper", endpoint: does(s.apiMark), access: forReaders,
			notes: "A vote counts for everybody; who voted, and the other marks, are private."},
		{method: del, path: paper + "/marks/{mark}", id: "removeMark", group: groupPapers, summary: "Take a mark off a paper", endpoint: does(s.apiUnmark), access: forReaders},
		{method: put, path: paper + "/tags", id: "setTags", group: groupPapers, summary: "Set your tags on a paper", endpoint: does(s.apiTagPaper), access: forReaders},
		{method: put, path: paper + "/note", id: "setNote", group: groupPapers, summary: "Set your note on a paper", endpoint: does(s.apiNotePaper), access: forReaders},

		{method: get, path: paper + "/comments", id: "listComments", group: groupComments, summary: "List the comments on a paper", endpoint: does(s.apiListComments)},
		{method: post, path: paper + "/comments", id: "addComment", group: groupComments, summary: "Comment on a paper", endpoint: does(s.apiAddComment), access: forReaders, slow: true, status: created},
		{method: get, path: v1 + "/comments/{id}", id: "getComment", group: groupComments, summary: "Get a comment", endpoint: does(s.apiGetComment)},
		{method: patch, path: v1 + "/comments/{id}", id: "editComment", group: groupComments, summary: "Change a comment of yours", endpoint: does(s.apiEditComment), access: forReaders},
		{method: del, path: v1 + "/comments/{id}", id: "deleteComment", group: groupComments, summary: "Delete a comment", endpoint: does(s.apiDeleteComment), access: forReaders,
			notes: "Its author and an owner may."},
		{method: post, path: v1 + "/comments/{id}/reports", id: "reportComment", group: groupComments, summary: "Report a comment to the owner", endpoint: does(s.apiReportComment), access: forReaders, slow: true},

		{method: get, path: v1 + "/for-you", id: "listForYou", group: groupLearned, summary: "List what you may like", endpoint: does(s.apiForYou), access: forReaders, fails: []int{notFound},
			notes: "From what you voted for, saved, tagged and hid, and of which you have said nothing yet, with reasons. Empty before the first act."},
		{method: get, path: v1 + "/tags/{tag}/more", id: "listMoreOfTag", group: groupLearned, summary: "List papers that would fit a tag of yours", endpoint: does(s.apiMoreOfTag), access: forReaders, fails: []int{notFound}},
		{method: get, path: paper + "/related", id: "listRelated", group: groupLearned, summary: "List papers related to one", endpoint: does(s.apiRelated), fails: []int{notFound}},
		{method: get, path: v1 + "/topics", id: "listTopics", group: groupLearned, summary: "List topics", endpoint: does(s.apiListTopics), fails: []int{notFound}},
		{method: get, path: v1 + "/topics/{slug}", id: "getTopic", group: groupLearned, summary: "Get a topic and its newest papers", endpoint: does(s.apiGetTopic), fails: []int{notFound}},
		{method: get, path: v1 + "/learned", id: "getLearned", group: groupLearned, summary: "Get what has been learned from the papers", endpoint: does(s.apiLearned), fails: []int{notFound}},

		{method: get, path: v1 + "/days", id: "listDays", group: groupLists, summary: "Count papers by day", endpoint: does(s.apiListDays)},
		{method: get, path: v1 + "/categories", id: "listCategories", group: groupLists, summary: "Count papers by category", endpoint: does(s.apiListCategories)},
		{method: get, path: v1 + "/authors", id: "listAuthors", group: groupLists, summary: "Count papers by author", endpoint: does(s.apiListAuthors)},
		{method: get, path: v1 + "/founding", id: "listFounding", group: groupLists, summary: "List the papers of the founding list", endpoint: does(s.apiListFounding)},

		{method: get, path: v1 + "/library", id: "listLibrary", group: groupLibrary, summary: "List the papers of your library", endpoint: does(s.apiLibrary), access: forReaders,
			notes: "By time unless another order is given."},
		{method: get, path: v1 + "/tags", id: "listTags", group: groupLibrary, summary: "List your tags", endpoint: does(s.apiListTags), access: forReaders},
		{method: patch, path: v1 + "/tags/{tag}", id: "renameTag", group: groupLibrary, summary: "Rename a tag on all papers", endpoint: does(s.apiRenameTag), access: forReaders, fails: []int{conflict}},
		{method: del, path: v1 + "/tags/{tag}", id: "removeTag", group: groupLibrary, summary: "Take a tag off all papers", endpoint: does(s.apiRemoveTag), access: forReaders},
		{method: put, path: v1 + "/tags/{tag}/feed", id: "publishTag", group: groupLibrary, summary: "Give a tag a public feed", endpoint: does(s.apiPublishTag), access: forReaders, fails: []int{conflict},
			notes: "Nobody can guess its address, and everybody who has it can read it."},
		{method: del, path: v1 + "/tags/{tag}/feed", id: "unpublishTag", group: groupLibrary, summary: "Remove the feed of a tag", endpoint: does(s.apiUnpublishTag), access: forReaders},

		{method: get, path: v1 + "/searches", id: "listSearches", group: groupSearches, summary: "List your saved searches", endpoint: does(s.apiListSearches), access: forReaders},
		{method: post, path: v1 + "/searches", id: "saveSearch", group: groupSearches, summary: "Save a search", endpoint: does(s.apiSaveSearch), access: forReaders, status: created},
		{method: get, path: v1 + "/searches/{id}", id: "getSearch", group: groupSearches, summary: "Get a saved search", endpoint: does(s.apiGetSearch), access: forReaders},
		{method: patch, path: v1 + "/searches/{id}", id: "changeSearch", group: groupSearches, summary: "Rename a saved search, or switch its feed or alert", endpoint: does(s.apiChangeSearch), access: forReaders},
		{method: del, path: v1 + "/searches/{id}", id: "deleteSearch", group: groupSearches, summary: "Delete a saved search", endpoint: does(s.apiDeleteSearch), access: forReaders},

		{method: get, path: v1 + "/webhooks", id: "listWebhooks", group: groupWebhooks, summary: "List your webhooks", endpoint: does(s.apiListWebhooks), access: forReaders},
		{method: post, path: v1 + "/webhooks", id: "addWebhook", group: groupWebhooks, summary: "Add a webhook", endpoint: does(s.apiAddWebhook), access: forReaders, slow: true, status: created, notes: onceOnly},
		{method: get, path: v1 + "/webhooks/{id}", id: "getWebhook", group: groupWebhooks, summary: "Get a webhook", endpoint: does(s.apiGetWebhook), access: forReaders},
		{method: del, path: v1 + "/webhooks/{id}", id: "deleteWebhook", group: groupWebhooks, summary: "Delete a webhook", endpoint: does(s.apiDeleteWebhook), access: forReaders},
		{method: post, path: v1 + "/webhooks/{id}/test", id: "testWebhook", group: groupWebhooks, summary: "Send a webhook a trial event", endpoint: does(s.apiTestWebhook), access: forReaders, slow: true, status: accepted},

		{method: get, path: v1 + "/subscriptions", id: "listSubscriptions", group: groupMail, summary: "List your digests", endpoint: does(s.apiListSubscriptions), access: forReaders},
		{method: post, path: v1 + "/subscriptions", id: "subscribe", group: groupMail, summary: "Subscribe an address to a digest", endpoint: does(s.apiSubscribe), slow: true, status: accepted,
			notes: "Nobody needs an account for it. The address is mailed a link to confirm, and the answer is the same whether or not it is subscribed already."},
		{method: del, path: v1 + "/subscriptions/{id}", id: "unsubscribe", group: groupMail, summary: "End a digest of yours", endpoint: does(s.apiUnsubscribe), access: forReaders},

		{method: get, path: v1 + "/me", id: "getProfile", group: groupAccount, summary: "Get your profile and settings", endpoint: does(s.apiProfile), access: forReaders},
		{method: patch, path: v1 + "/me", id: "changeProfile", group: groupAccount, summary: "Change your name or settings", endpoint: does(s.apiChangeProfile), access: forReaders},
		{method: del, path: v1 + "/me", id: "deleteAccount", group: groupAccount, summary: "Delete your account and everything in it", endpoint: does(s.apiDeleteAccount), access: forReaders, session: true, slow: true, fails: []int{conflict}},
		{method: get, path: v1 + "/me/export", id: "export", group: groupAccount, summary: "Get everything that is stored of you", endpoint: does(s.apiExport), access: forReaders,
			notes: "But for secrets, which only the page under Settings gives."},
		{method: post, path: v1 + "/me/email", id: "changeEmail", group: groupAccount, summary: "Change your mail address", endpoint: does(s.apiChangeEmail), access: forReaders, session: true, slow: true, status: accepted, fails: []int{conflict}},
		{method: get, path: v1 + "/me/sessions", id: "listSessions", group: groupAccount, summary: "List where you are signed in", endpoint: does(s.apiListSessions), access: forReaders, session: true},
		{method: del, path: v1 + "/me/sessions", id: "endOtherSessions", group: groupAccount, summary: "Sign out everywhere else", endpoint: does(s.apiEndOtherSessions), access: forReaders, session: true},
		{method: del, path: v1 + "/me/sessions/{id}", id: "endSession", group: groupAccount, summary: "Sign out in one place", endpoint: does(s.apiEndSession), access: forReaders, session: true},
		{method: get, path: v1 + "/me/tokens", id: "listTokens", group: groupAccount, summary: "List your API tokens", endpoint: does(s.apiListTokens), access: forReaders, session: true},
		{method: post, path: v1 + "/me/tokens", id: "addToken", group: groupAccount, summary: "Make an API token", endpoint: does(s.apiAddToken), access: forReaders, session: true, slow: true, status: created, notes: onceOnly},
		{method: del, path: v1 + "/me/tokens/{id}", id: "deleteToken", group: groupAccount, summary: "Delete an API token", endpoint: does(s.apiDeleteToken), access: forReaders, session: true},

		{method: get, path: v1 + "/sources", id: "listSources", group: groupSources, summary: "List where papers come from", endpoint: does(s.apiListSources)},
		{method: post, path: v1 + "/sources", id: "addSource", group: groupSources, summary: "Add a source", endpoint: does(s.apiAddSource), access: forOwners, status: created, fails: []int{conflict}},
		{method: patch, path: v1 + "/sources/{id}", id: "changeSource", group: groupSources, summary: "Pause a source, or resume it", endpoint: does(s.apiChangeSource), access: forOwners, fails: []int{conflict}},
		{method: del, path: v1 + "/sources/{id}", id: "removeSource", group: groupSources, summary: "Remove a source; its papers stay", endpoint: does(s.apiRemoveSource), access: forOwners},
		{method: post, path: v1 + "/sources/{id}/sync", id: "readSource", group: groupSources, summary: "Read a source now", endpoint: does(s.apiReadSource), access: forOwners, status: accepted},

		{method: get, path: v1 + "/readers", id: "listReaders", group: groupOwner, summary: "List readers", endpoint: does(s.apiListReaders), access: forOwners, session: true},
		{method: patch, path: v1 + "/readers/{id}", id: "changeReader", group: groupOwner, summary: "Suspend a reader, or change their role", endpoint: does(s.apiChangeReader), access: forOwners, session: true, fails: []int{conflict}},
		{method: get, path: v1 + "/invitations", id: "listInvitations", group: groupOwner, summary: "List open invitations", endpoint: does(s.apiListInvitations), access: forOwners, session: true},
		{method: post, path: v1 + "/invitations", id: "invite", group: groupOwner, summary: "Invite somebody", endpoint: does(s.apiInvite), access: forOwners, session: true, slow: true, status: created, fails: []int{conflict},
			notes: "The link is given in this answer and never again."},
		{method: del, path: v1 + "/invitations/{id}", id: "revokeInvitation", group: groupOwner, summary: "Revoke an invitation", endpoint: does(s.apiRevokeInvitation), access: forOwners, session: true},
		{method: get, path: v1 + "/reports", id: "listReports", group: groupOwner, summary: "List comments that readers have reported", endpoint: does(s.apiListReports), access: forOwners},
		{method: del, path: v1 + "/reports/{id}", id: "dismissReports", group: groupOwner, summary: "Dismiss the reports of a comment, which stays", endpoint: does(s.apiDismissReports), access: forOwners,
			notes: "The id is the comment’s. To delete the comment, see there."},

		{method: get, path: v1 + "/openapi.json", id: "getDescription", group: groupAbout, summary: "Get this description as OpenAPI 3.1", endpoint: gives[map[string]any](s.apiDescription)},
		{method: get, path: v1 + "/docs", id: "getPage", group: groupAbout, summary: "Get this description as a page", media: "text/html", endpoint: gives[string](s.apiPageAbout)},

		{method: get, path: "/api/daily_papers", id: "dailyPapers", group: groupOthers, summary: "List a day’s papers, trending first", endpoint: does(s.apiDaily),
			notes: "In the shape that programs for other daily papers know already. Parameters that are not listed here are ignored."},
	}
}
