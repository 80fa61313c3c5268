-- The full-text index: see package fulltext. Segments are immutable but for the
-- bitmap of the papers that have left them. The stamps are random, and new with
-- each change: what is cached under a stamp never becomes stale, not even when
-- a transaction is rolled back and its ids are given again.

-- +goose Up
CREATE TABLE segment (
    id       INTEGER PRIMARY KEY,
    stamp    INTEGER NOT NULL, -- of docs
    removals INTEGER NOT NULL, -- stamp of removed; 0 while it is NULL
    removed  BLOB,
    docs     BLOB    NOT NULL
) STRICT;

-- A segment's blocks: the id is segment.id * 2^20 + the block's number.
CREATE TABLE posting (
    id   INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- +goose Down
DROP TABLE posting;
DROP TABLE segment;
