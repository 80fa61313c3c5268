-- Which papers are new or have a different text since some generation: what is
-- learned from texts follows the store by it.

-- +goose Up
ALTER TABLE paper ADD COLUMN changed INTEGER NOT NULL DEFAULT 0; -- totals.generation of that change
CREATE INDEX paper_changed ON paper (changed);

-- +goose Down
DROP INDEX paper_changed;
ALTER TABLE paper DROP COLUMN changed;
