-- Times are microseconds since 1970-01-01 UTC, 0 if unknown. Days are days
-- since then, 0 if none.

-- +goose Up
-- What would otherwise have to be counted.
CREATE TABLE totals (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL, -- grows with each change of a paper
    papers     INTEGER NOT NULL,
    last_paper INTEGER NOT NULL  -- newest paper.id; numbers are never given twice
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0);

-- Small columns first: lists read them without touching a row's overflow pages.
CREATE TABLE paper (
    id         INTEGER PRIMARY KEY,
    key        TEXT    NOT NULL UNIQUE,
    listed     INTEGER NOT NULL,
    heat       REAL,              -- see trending.go; NULL if nothing speaks for the paper
    votes      INTEGER NOT NULL DEFAULT 0,
    comments   INTEGER NOT NULL DEFAULT 0,
    withdrawn  INTEGER NOT NULL,
    published  INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    arxiv_id   TEXT    NOT NULL,
    doi        TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    authors    TEXT    NOT NULL,  -- a line each
    categories TEXT    NOT NULL,  -- a line each
    comment    TEXT    NOT NULL,
    journal    TEXT    NOT NULL,
    links      TEXT    NOT NULL,  -- JSON, as are the next two
    versions   TEXT    NOT NULL,
    origins    TEXT    NOT NULL,
    summary    TEXT    NOT NULL,
    abstract   TEXT    NOT NULL
) STRICT;
CREATE INDEX paper_listed   ON paper (listed);
CREATE INDEX paper_heat     ON paper (heat, listed) WHERE heat IS NOT NULL;
CREATE INDEX paper_votes    ON paper (votes, listed) WHERE votes > 0;
CREATE INDEX paper_day_heat ON paper (listed, heat, votes) WHERE heat IS NOT NULL;

-- How many papers each day lists.
CREATE TABLE day (
    listed INTEGER PRIMARY KEY,
    papers INTEGER NOT NULL
) STRICT;

-- The names by which reports on the same work are recognised: "arxiv:...",
-- "doi:...", "title:..."; and "key:..." for the key of a paper that was merged
-- into another.
CREATE TABLE identifier (
    value    TEXT    NOT NULL PRIMARY KEY,
    paper_id INTEGER NOT NULL REFERENCES paper
) STRICT, WITHOUT ROWID;
CREATE INDEX identifier_paper ON identifier (paper_id);

-- What papers share: a category, an author, an origin. The id is a hash of kind
-- and folded name, so that nothing has to be looked up to file a paper.
CREATE TABLE facet (
    id     INTEGER PRIMARY KEY,
    kind   TEXT    NOT NULL,
    name   TEXT    NOT NULL, -- as first seen
    folded TEXT    NOT NULL, -- what is compared
    papers INTEGER NOT NULL
) STRICT;
CREATE INDEX facet_category ON facet (papers) WHERE kind = 'category';
CREATE INDEX facet_author   ON facet (papers) WHERE kind = 'author' AND papers > 2;

-- Which papers have a facet, in the order of its page.
CREATE TABLE paper_facet (
    facet_id INTEGER NOT NULL,
    listed   INTEGER NOT NULL,
    paper_id INTEGER NOT NULL,
    PRIMARY KEY (facet_id, listed, paper_id)
) STRICT, WITHOUT ROWID;

-- The words of authors' names, folded.
CREATE TABLE author_word (
    word     TEXT    NOT NULL,
    facet_id INTEGER NOT NULL,
    PRIMARY KEY (word, facet_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reader (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    email     TEXT    NOT NULL,
    role      TEXT    NOT NULL CHECK (role IN ('owner', 'reader')),
    suspended INTEGER NOT NULL,
    settings  TEXT    NOT NULL, -- JSON
    created   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX reader_email ON reader (email) WHERE email <> '';

-- Marks and tags repeat their paper's day, so that a shelf is read in its order.
CREATE TABLE mark (
    paper_id  INTEGER NOT NULL REFERENCES paper,
    kind      TEXT    NOT NULL CHECK (kind IN ('vote', 'save', 'read', 'hide')),
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    listed    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (paper_id, kind, reader_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_shelf ON mark (reader_id, kind, listed, paper_id);

CREATE TABLE tag (
    paper_id  INTEGER NOT NULL REFERENCES paper,
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    tag       TEXT    NOT NULL,
    listed    INTEGER NOT NULL,
    PRIMARY KEY (paper_id, reader_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_shelf ON tag (reader_id, tag, listed, paper_id);

CREATE TABLE note (
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    paper_id  INTEGER NOT NULL REFERENCES paper,
    body      TEXT    NOT NULL,
    PRIMARY KEY (reader_id, paper_id)
) STRICT;
CREATE INDEX note_paper ON note (paper_id);

-- +goose StatementBegin
CREATE TRIGGER paper_listed AFTER UPDATE OF listed ON paper WHEN old.listed <> new.listed BEGIN
    UPDATE mark SET listed = new.listed WHERE paper_id = new.id;
    UPDATE tag SET listed = new.listed WHERE paper_id = new.id;
END;
-- +goose StatementEnd

CREATE TABLE published_tag (
    slug      TEXT    NOT NULL PRIMARY KEY,
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    tag       TEXT    NOT NULL,
    UNIQUE (reader_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash      BLOB    NOT NULL PRIMARY KEY,
    purpose   TEXT    NOT NULL,
    email     TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    reader_id INTEGER REFERENCES reader ON DELETE CASCADE, -- who invited
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_expires ON token (expires);
CREATE INDEX token_reader  ON token (reader_id);

CREATE TABLE api_token (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    name      TEXT    NOT NULL,
    hash      BLOB    NOT NULL UNIQUE,
    write     INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    last_used INTEGER NOT NULL
) STRICT;
CREATE INDEX api_token_reader ON api_token (reader_id);

CREATE TABLE saved_search (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    reader_id INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    name      TEXT    NOT NULL,
    query     TEXT    NOT NULL,
    slug      TEXT    NOT NULL,
    alert     INTEGER NOT NULL,
    last_id   INTEGER NOT NULL,
    created   INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_search_reader ON saved_search (reader_id);
CREATE UNIQUE INDEX saved_search_slug ON saved_search (slug) WHERE slug <> '';
CREATE INDEX saved_search_alert ON saved_search (id) WHERE alert;

CREATE TABLE webhook (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    reader_id   INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    url         TEXT    NOT NULL,
    secret      TEXT    NOT NULL,
    events      TEXT    NOT NULL, -- JSON
    created     INTEGER NOT NULL,
    last_time   INTEGER NOT NULL,
    last_status TEXT    NOT NULL
) STRICT;
CREATE INDEX webhook_reader ON webhook (reader_id);

CREATE TABLE session (
    token   TEXT    NOT NULL PRIMARY KEY,
    data    BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_expires ON session (expires);

-- A comment without a reader is one whose reader is gone.
CREATE TABLE comment (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    paper_id  INTEGER NOT NULL REFERENCES paper,
    reader_id INTEGER REFERENCES reader,
    parent_id INTEGER REFERENCES comment,
    body      TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    edited    INTEGER NOT NULL,
    deleted   INTEGER NOT NULL
) STRICT;
CREATE INDEX comment_paper  ON comment (paper_id);
CREATE INDEX comment_reader ON comment (reader_id);
CREATE INDEX comment_parent ON comment (parent_id);

CREATE TABLE report (
    comment_id INTEGER NOT NULL REFERENCES comment ON DELETE CASCADE,
    reader_id  INTEGER NOT NULL REFERENCES reader ON DELETE CASCADE,
    reason     TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (comment_id, reader_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_reader ON report (reader_id);

CREATE TABLE source (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    sets          TEXT    NOT NULL, -- a line each, sorted
    allow_private INTEGER NOT NULL,
    paused        INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    cursor        TEXT    NOT NULL,
    etag          TEXT    NOT NULL,
    last_modified TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    last_run      INTEGER NOT NULL,
    last_success  INTEGER NOT NULL,
    last_error    TEXT    NOT NULL,
    failures      INTEGER NOT NULL,
    next_run      INTEGER NOT NULL,
    UNIQUE (kind, url, sets)
) STRICT;

CREATE TABLE subscription (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    reader_id  INTEGER REFERENCES reader ON DELETE CASCADE,
    email      TEXT    NOT NULL,
    frequency  TEXT    NOT NULL,
    hour       INTEGER NOT NULL,
    time_zone  TEXT    NOT NULL,
    query      TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    secret     TEXT    NOT NULL UNIQUE,
    created    INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    last_error TEXT    NOT NULL
) STRICT;
CREATE INDEX subscription_reader ON subscription (reader_id);
CREATE INDEX subscription_state  ON subscription (state);
CREATE UNIQUE INDEX subscription_alike ON subscription (email, frequency, query) WHERE state IN ('pending', 'active');

CREATE TABLE delivery (
    subscription_id INTEGER NOT NULL REFERENCES subscription ON DELETE CASCADE,
    period          TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    tries           INTEGER NOT NULL,
    next_try        INTEGER NOT NULL,
    last_error      TEXT    NOT NULL,
    message_id      TEXT    NOT NULL,
    updated         INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, period)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_handing_over ON delivery (updated) WHERE state = 'handing over';
