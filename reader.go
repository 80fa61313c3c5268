package offprint

import "time"

// Role says what a reader may do.
type Role string

// The owner runs the service: sources, invitations, reports, runs. There is at
// least one, and the first reader is one.
const (
	RoleOwner  Role = "owner"
	RoleReader Role = "reader"
)

// Reader is somebody with an account.
type Reader struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`  // shown beside comments
	Email     string    `json:"email"` // lower case; the owner's may be empty until it is set
	Role      Role      `json:"role"`
	Suspended bool      `json:"suspended"`
	Settings  Settings  `json:"settings"`
	Created   time.Time `json:"created"`
}

// Settings are a reader's choices about the pages.
type Settings struct {
	Categories []string `json:"categories,omitempty"` // shown on Today; empty for all
	NotCats    []string `json:"not_categories,omitempty"`
	TimeZone   string   `json:"time_zone,omitempty"` // IANA name; empty for UTC
	Sort       Sort     `json:"sort,omitempty"`      // default order of a day; empty for trending
	Theme      string   `json:"theme,omitempty"`     // "", "light" or "dark"
	Dense      bool     `json:"dense,omitempty"`     // titles only
}

// Mark is one thing that a reader can say of a paper.
type Mark string

// The marks. A vote is counted for everybody; who voted, and the others, are
// private to the reader.
const (
	MarkVote Mark = "vote"
	MarkSave Mark = "save"
	MarkRead Mark = "read"
	MarkHide Mark = "hide"
)

// Act is what a reader has said of one paper: the times of the marks, zero for
// none, and the tags.
type Act struct {
	ReaderID, PaperID      int64
	Vote, Save, Read, Hide time.Time
	Tags                   []string // sorted
}

// ParseMark reads a mark from an address.
func ParseMark(s string) (Mark, error) {
	switch m := Mark(s); m {
	case MarkVote, MarkSave, MarkRead, MarkHide:
		return m, nil
	}
	return "", Errorf(KindInvalid, "%q is not a mark: use vote, save, read or hide.", clip(s))
}

// Limits on what a reader may write.
const (
	MaxTag     = 60     // bytes of a tag
	MaxNote    = 50_000 // bytes of a note
	MaxBody    = 10_000 // bytes of a comment
	MaxTags    = 50     // tags of one reader on one paper
	MaxTagName = MaxTag
)

// Comment is what a reader wrote under a paper, for everybody to read.
type Comment struct {
	ID         int64
	PaperID    int64
	PaperKey   string // with PaperTitle, filled in by the store
	PaperTitle string
	ReaderID   int64
	Author     string // the reader's name, filled in by the store
	ParentID   int64  // the comment that it answers; 0 at the top
	Body       string // Markdown; empty once deleted
	Created    time.Time
	Edited     time.Time // zero if never
	Deleted    bool      // kept as a placeholder while it has replies
	Reports    int       // open reports, for the owner
	Reasons    string    // given with them, a line each; only from [CommentStore.ReportedComments]
}

// Purpose is what a one-time token lets its holder do.
type Purpose string

// The purposes of a [Token].
const (
	PurposeOwner  Purpose = "owner"   // become the owner, once, on a fresh store
	PurposeSignIn Purpose = "sign-in" // open a session as the reader with Email
	PurposeInvite Purpose = "invite"  // create an account
	PurposeEmail  Purpose = "email"   // make Email the address of the reader By
)

// Token is a one-time secret; the store keeps only its SHA-256.
type Token struct {
	Hash    []byte // SHA-256 of the secret
	Purpose Purpose
	Email   string // whom it was made for; may be empty
	Role    Role   // of the account that an invitation creates
	By      int64  // reader who invited; 0 for none
	Created time.Time
	Expires time.Time
}

// APIToken lets a program act for a reader.
type APIToken struct {
	ID       int64
	ReaderID int64
	Name     string
	Hash     []byte // SHA-256 of the secret
	Write    bool   // may change things; otherwise it only reads
	Created  time.Time
	LastUsed time.Time // zero if never; to the hour
}

// SavedSearch is a query that a reader keeps: a page, a feed, an alert.
type SavedSearch struct {
	ID       int64
	ReaderID int64
	Name     string
	Query    string // as typed
	Slug     string // unguessable name of its feed; empty when it has none
	Alert    bool   // webhooks are told of new matches
	LastID   int64  // newest paper that the alert has seen
	Created  time.Time
}

// PublishedTag is a tag of a reader's whose papers have a public feed.
type PublishedTag struct {
	ReaderID int64
	Tag      string
	Slug     string // unguessable name of its feed
}

// WebhookEvent is something that a [Webhook] can be told of.
type WebhookEvent string

// The events.
const (
	EventDay   WebhookEvent = "day"   // a new day has papers
	EventAlert WebhookEvent = "alert" // a saved search has new matches
)

// Webhook is an address that is told of events, signed with its secret.
type Webhook struct {
	ID         int64
	ReaderID   int64
	URL        string
	Secret     string
	Events     []WebhookEvent
	Created    time.Time
	LastTime   time.Time // last delivery tried; zero if never
	LastStatus string    // "200 OK", or what went wrong
}

// ReaderData is everything that the store holds of a reader, for their export.
type ReaderData struct {
	Reader        Reader         `json:"reader"`
	Papers        []ReaderPaper  `json:"papers"`
	Comments      []Comment      `json:"comments"`
	Searches      []SavedSearch  `json:"saved_searches"`
	PublishedTags []PublishedTag `json:"published_tags"`
	Subscriptions []Subscription `json:"subscriptions"`
	Webhooks      []Webhook      `json:"webhooks"`
	APITokens     []APIToken     `json:"api_tokens"` // without their hashes
}

// ReaderPaper is what a reader has done with one paper, with the times.
type ReaderPaper struct {
	Key   string    `json:"key"`
	Title string    `json:"title"`
	Vote  time.Time `json:"vote,omitzero"`
	Save  time.Time `json:"save,omitzero"`
	Read  time.Time `json:"read,omitzero"`
	Hide  time.Time `json:"hide,omitzero"`
	Tags  []string  `json:"tags,omitempty"`
	Note  string    `json:"note,omitempty"`
}
