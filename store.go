package offprint

import (
	"context"
	"io"
	"time"
)

// Store keeps everything. All of its methods may be called from several
// goroutines, and what a method has done is durable when it returns. A thing
// that is not there gives an [Error] of [KindNotFound], input that breaks a
// rule one of [KindInvalid], and what is already there one of [KindConflict].
//
// Package sqlite has one; package storetest has the suite that every store
// passes.
type Store interface {
	PaperStore
	ReaderStore
	CommentStore
	SourceStore
	DigestStore

	// Backup writes a consistent copy of the whole store to path, which must
	// not exist, while others go on reading and writing.
	Backup(ctx context.Context, path string) error
	// Ping reports whether the store can be read.
	Ping(ctx context.Context) error
	io.Closer
}

// PutResult counts what [PaperStore.PutPapers] did.
type PutResult struct {
	Added     int // works that were not there
	Updated   int // works that were there and are now different
	Unchanged int
}

// PaperStore keeps papers, finds them and counts them.
type PaperStore interface {
	// PutPapers stores papers that come from one source, all or none. A paper
	// that has an identifier of a stored one (see [Identifiers]) is merged into
	// it as [Paper.Merge] says; a DOI alone, which may be that of a volume, does
	// not join papers with different arXiv ids. Papers are cleaned first; one
	// that stays invalid fails the whole call.
	PutPapers(ctx context.Context, papers []Paper) (PutResult, error)
	// Paper finds a paper by key, or by any identifier: an arXiv id with or
	// without version, a DOI.
	Paper(ctx context.Context, key string) (*Paper, error)
	// State returns what the reader has done with the paper.
	State(ctx context.Context, readerID, paperID int64) (State, error)
	// Papers returns a page of papers. A cursor that is not from Papers, or
	// that belongs to another sort, is invalid.
	Papers(ctx context.Context, q PaperQuery) (PaperPage, error)
	// Hits is Papers without reading the papers: their IDs, and their scores with
	// [SortRelevance]; at most 5,000. The total is that of [PaperPage].
	Hits(ctx context.Context, q PaperQuery) (hits []Hit, total int, err error)
	// AllPapers calls yield for each paper, whole, in order of ID, until yield fails.
	AllPapers(ctx context.Context, yield func(*Paper) error) error
	// PapersChanged calls yield for each paper, whole, that is new or has a
	// different text since a generation, and with the generation of that change,
	// in their order. Since -1 it is each paper. What is yielded last is where to
	// go on.
	PapersChanged(ctx context.Context, since int64, yield func(p *Paper, generation int64) error) error
	// LatestDay returns the newest day up to and including limit that lists a
	// paper, or 0.
	LatestDay(ctx context.Context, limit Date) (Date, error)
	// Days counts the papers of each day within [first, last] that has any, ascending.
	Days(ctx context.Context, first, last Date) ([]DayCount, error)
	// Categories counts papers by category, most first.
	Categories(ctx context.Context) ([]Count, error)
	// AuthorsLike counts papers of the authors with a name of which some word
	// starts with prefix (folded by [FoldName]), most first, at most limit. An
	// empty prefix gives the authors with the most papers.
	AuthorsLike(ctx context.Context, prefix string, limit int) ([]Count, error)
	// PaperCount is the number of papers stored.
	PaperCount(ctx context.Context) (int, error)
	// Generation grows whenever any paper is added or changed, in this process
	// or another. It is cheap, and meant for ETags and caches.
	Generation(ctx context.Context) (int64, error)
}

// ReaderStore keeps readers and what they do.
type ReaderStore interface {
	CreateReader(ctx context.Context, r *Reader) error // sets ID and Created; a taken e-mail address is a conflict
	UpdateReader(ctx context.Context, r *Reader) error
	Reader(ctx context.Context, id int64) (*Reader, error)
	ReaderByEmail(ctx context.Context, email string) (*Reader, error)
	Readers(ctx context.Context) ([]Reader, error)
	// DeleteReader removes the reader and everything that is theirs: marks,
	// tags, notes, searches, tokens, sessions' rights, subscriptions, webhooks.
	// Their comments that have replies stay as deleted placeholders. The last
	// owner cannot be deleted.
	DeleteReader(ctx context.Context, id int64) error
	ReaderData(ctx context.Context, id int64) (*ReaderData, error)

	// SetMark puts a mark on a paper or takes it off, and returns the paper's
	// number of votes. A vote also moves its heat, in the same transaction.
	SetMark(ctx context.Context, readerID, paperID int64, m Mark, on bool, at time.Time) (votes int, err error)
	// Acts returns what the reader has said of papers, by paper; of all readers,
	// by reader and paper, if readerID is 0.
	Acts(ctx context.Context, readerID int64) ([]Act, error)
	// SetTags replaces the reader's tags on a paper.
	SetTags(ctx context.Context, readerID, paperID int64, tags []string) error
	SetNote(ctx context.Context, readerID, paperID int64, note string) error // an empty note removes it
	// Tags counts the reader's papers by tag, by name.
	Tags(ctx context.Context, readerID int64) ([]Count, error)
	RenameTag(ctx context.Context, readerID int64, from, to string) error // an empty to removes the tag everywhere
	PublishTag(ctx context.Context, t PublishedTag) error
	UnpublishTag(ctx context.Context, readerID int64, tag string) error
	PublishedTags(ctx context.Context, readerID int64) ([]PublishedTag, error)
	PublishedTag(ctx context.Context, slug string) (*PublishedTag, error)

	CreateToken(ctx context.Context, t Token) error
	// Token returns a token that has not expired, without using it up.
	Token(ctx context.Context, hash []byte, now time.Time) (*Token, error)
	// UseToken deletes a token and returns it; of two calls at once, one gets it.
	UseToken(ctx context.Context, hash []byte, now time.Time) (*Token, error)
	// Invitations returns the invitations that are still open.
	Invitations(ctx context.Context, now time.Time) ([]Token, error)
	RevokeToken(ctx context.Context, hash []byte) error

	CreateAPIToken(ctx context.Context, t *APIToken) error
	// APITokenByHash returns the token and notes its use, at most once an hour.
	APITokenByHash(ctx context.Context, hash []byte, now time.Time) (*APIToken, error)
	APITokens(ctx context.Context, readerID int64) ([]APIToken, error)
	DeleteAPIToken(ctx context.Context, readerID, id int64) error

	// CreateSavedSearch sets ID and Created, and UpdateSavedSearch replaces what
	// may change. An alert that is switched on has seen all papers that are
	// stored by then (LastID); after that LastID only grows.
	CreateSavedSearch(ctx context.Context, s *SavedSearch) error
	UpdateSavedSearch(ctx context.Context, s *SavedSearch) error
	SavedSearches(ctx context.Context, readerID int64) ([]SavedSearch, error)
	SavedSearchBySlug(ctx context.Context, slug string) (*SavedSearch, error)
	AlertSearches(ctx context.Context) ([]SavedSearch, error) // of all readers
	DeleteSavedSearch(ctx context.Context, readerID, id int64) error

	CreateWebhook(ctx context.Context, w *Webhook) error
	Webhooks(ctx context.Context, readerID int64) ([]Webhook, error) // readerID 0: of all readers
	Webhook(ctx context.Context, id int64) (*Webhook, error)
	NoteWebhook(ctx context.Context, id int64, at time.Time, status string) error
	DeleteWebhook(ctx context.Context, readerID, id int64) error

	// Session data is opaque to the store, under a hashed token. FindSession
	// gives nil without an error for one that is absent or has expired.
	FindSession(ctx context.Context, token string, now time.Time) ([]byte, error)
	PutSession(ctx context.Context, token string, data []byte, expires time.Time) error
	DeleteSession(ctx context.Context, token string) error
	Sessions(ctx context.Context, now time.Time) (map[string][]byte, error)
	PurgeExpired(ctx context.Context, now time.Time) error // sessions and tokens
}

// CommentStore keeps comments.
type CommentStore interface {
	CreateComment(ctx context.Context, c *Comment) error // sets ID and Created; the parent must be of the same paper
	Comment(ctx context.Context, id int64) (*Comment, error)
	Comments(ctx context.Context, paperID int64) ([]Comment, error)   // by time; placeholders included
	RecentComments(ctx context.Context, limit int) ([]Comment, error) // newest first, not deleted
	EditComment(ctx context.Context, id int64, body string, at time.Time) error
	DeleteComment(ctx context.Context, id int64) error
	ReportComment(ctx context.Context, id, readerID int64, reason string) error // once a reader
	DismissReports(ctx context.Context, id int64) error
	ReportedComments(ctx context.Context) ([]Comment, error)
}

// SourceStore keeps sources and stores what they bring.
type SourceStore interface {
	CreateSource(ctx context.Context, s *Source) error // the same kind, URL and sets twice is a conflict
	UpdateSource(ctx context.Context, s *Source) error
	Source(ctx context.Context, id int64) (*Source, error)
	Sources(ctx context.Context) ([]Source, error)
	DeleteSource(ctx context.Context, id int64) error // its papers stay
	// PutBatch stores a batch and the source's place after it in one
	// transaction. Deleted papers are marked withdrawn, not removed.
	PutBatch(ctx context.Context, src Source, b Batch) (PutResult, error)
}

// DigestStore keeps subscriptions and what was sent to them.
type DigestStore interface {
	// CreateSubscription sets ID and Created. An address may have several
	// subscriptions, but not two alike (frequency and query) that are pending or active: conflict.
	CreateSubscription(ctx context.Context, s *Subscription) error
	UpdateSubscription(ctx context.Context, s *Subscription) error
	Subscription(ctx context.Context, id int64) (*Subscription, error)
	SubscriptionBySecret(ctx context.Context, secret string) (*Subscription, error)
	Subscriptions(ctx context.Context, state SubscriptionState) ([]Subscription, error) // "" for all
	SubscriptionsOf(ctx context.Context, readerID int64) ([]Subscription, error)
	DeleteSubscription(ctx context.Context, id int64) error

	// ClaimDelivery makes the caller the only one to send this digest now. It
	// succeeds (true) when there is no delivery yet, when one waits for a
	// retry whose time has come, or when one has stayed claimed since before stale.
	ClaimDelivery(ctx context.Context, subscriptionID int64, period, messageID string, now, stale time.Time) (Delivery, bool, error)
	UpdateDelivery(ctx context.Context, d Delivery) error
	// AbandonedDeliveries turns deliveries that have been handing over since
	// before stale into unknown, and returns them.
	AbandonDeliveries(ctx context.Context, stale time.Time) ([]Delivery, error)
	Deliveries(ctx context.Context, subscriptionID int64, limit int) ([]Delivery, error) // newest first
}
