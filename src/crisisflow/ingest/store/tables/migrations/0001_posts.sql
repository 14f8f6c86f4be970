-- Types are SQLite's; tables/scripts.py reads them for PostgreSQL.
-- Sources, watches, posts and the audit. All times are milliseconds since 1970, UTC.

CREATE TABLE sources (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    cursor TEXT,             -- of the last post that was taken; the source's own words
    connected INTEGER,       -- since when; null while it is not
    heard INTEGER,           -- the last sign of life
    last_post INTEGER,       -- when the last new post was taken
    lag INTEGER,             -- ms from that post's own time to its taking
    reconnects INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,      -- new posts
    repeats INTEGER NOT NULL DEFAULT 0,
    revisions INTEGER NOT NULL DEFAULT 0,
    deletions INTEGER NOT NULL DEFAULT 0,
    trouble TEXT             -- the last error; null once it is over
) STRICT;

-- A stretch of time of which posts may be missing.
CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL REFERENCES sources,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX gaps_of_source ON gaps (source, since);

CREATE TABLE watches (
    id TEXT PRIMARY KEY,
    content TEXT NOT NULL,   -- JSON of its configuration
    changed INTEGER NOT NULL
) STRICT;

-- Posts that no longer came in: by watch where its filter refused them, with an empty watch where nothing could be read.
CREATE TABLE drops (
    source TEXT NOT NULL REFERENCES sources,
    watch TEXT NOT NULL,
    reason TEXT NOT NULL,
    posts INTEGER NOT NULL,
    PRIMARY KEY (source, watch, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE posts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice, also not after a post was forgotten
    source TEXT NOT NULL REFERENCES sources,
    native_id TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    text TEXT NOT NULL,
    created INTEGER,         -- by its source; null where it names no time that can be read
    taken INTEGER NOT NULL,
    author BLOB,             -- keyed hash
    language TEXT,           -- as its source names it
    longitude REAL,
    latitude REAL,
    url TEXT,
    media TEXT NOT NULL DEFAULT '[]',      -- JSON: links with their descriptions
    queue TEXT NOT NULL DEFAULT 'waiting' CHECK (queue IN ('waiting', 'analysed', 'set_aside')),
    UNIQUE (source, native_id),
    CHECK ((longitude IS NULL) = (latitude IS NULL))
) STRICT;
CREATE INDEX posts_by_time ON posts (taken);
CREATE INDEX posts_waiting ON posts (id) WHERE queue = 'waiting';

-- The earlier texts of posts that were edited.
CREATE TABLE revisions (
    post INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    text TEXT NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (post, revision)
) STRICT, WITHOUT ROWID;

-- The watches of a post. `reason` is null where it passes the watch's filters; else a watch keeps it all the same.
CREATE TABLE post_watches (
    post INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
    watch TEXT NOT NULL REFERENCES watches,
    basis TEXT CHECK (basis IN ('coordinates', 'mentioned')),  -- by which its place was tested
    reason TEXT,
    PRIMARY KEY (post, watch)
) STRICT, WITHOUT ROWID;
CREATE INDEX posts_of_watch ON post_watches (watch, post);

-- How much waits for the analysis: one row.
CREATE TABLE queue (posts INTEGER NOT NULL, bytes INTEGER NOT NULL, set_aside INTEGER NOT NULL) STRICT;
INSERT INTO queue VALUES (0, 0, 0);

-- Posts that their authors deleted, or that were forgotten or purged: keyed hashes of their native ids, so that they
-- are not taken again.
CREATE TABLE forgotten (
    source TEXT NOT NULL REFERENCES sources,
    identity BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (source, identity)
) STRICT, WITHOUT ROWID;

-- Append-only: each entry has the hash of the one before.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,   -- JSON; never the text of a post
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
