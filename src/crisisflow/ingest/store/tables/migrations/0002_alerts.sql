-- Incidents as far as alerts need them, alerts, the outbox and its attempts.

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    watch TEXT NOT NULL REFERENCES watches,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    content TEXT NOT NULL,   -- JSON
    changed INTEGER NOT NULL
) STRICT;

CREATE TABLE incident_posts (
    post INTEGER PRIMARY KEY REFERENCES posts ON DELETE CASCADE,  -- a post is in one incident
    incident TEXT NOT NULL REFERENCES incidents
) STRICT;
CREATE INDEX posts_of_incident ON incident_posts (incident);

CREATE TABLE alerts (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('alert', 'update', 'cancel')),
    incident TEXT NOT NULL REFERENCES incidents,
    incident_version INTEGER NOT NULL,     -- the state that caused it
    rule TEXT NOT NULL,
    rules_hash TEXT NOT NULL,
    priority TEXT NOT NULL,
    content TEXT NOT NULL,   -- JSON: what it says
    made INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_of_incident ON alerts (incident);

-- One row for each alert, version, receiver and channel.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert TEXT NOT NULL,
    version INTEGER NOT NULL,
    incident TEXT NOT NULL REFERENCES incidents,
    receiver TEXT NOT NULL,  -- id of the agency
    channel TEXT NOT NULL,   -- id of its channel
    state TEXT NOT NULL DEFAULT 'due'
        CHECK (state IN ('due', 'sending', 'delivered', 'failed', 'dead', 'withdrawn')),
    since INTEGER NOT NULL,  -- when it was made due first; what give_up_after counts from
    next INTEGER NOT NULL,   -- not to be sent before
    claim TEXT,              -- who sends it
    claim_ends INTEGER,
    changed INTEGER NOT NULL,
    reference TEXT,          -- the receiver's own, from its answer
    UNIQUE (alert, version, receiver, channel),
    FOREIGN KEY (alert, version) REFERENCES alerts (id, version),
    CHECK ((state = 'sending') = (claim IS NOT NULL)),
    CHECK ((claim IS NULL) = (claim_ends IS NULL))
) STRICT;
CREATE INDEX outbox_to_send ON outbox (receiver, next) WHERE state IN ('due', 'sending', 'failed');
CREATE INDEX outbox_in_order ON outbox (incident, receiver, channel, id) WHERE state IN ('due', 'sending', 'failed');
CREATE INDEX outbox_by_state ON outbox (state, changed);

-- A row is written when the claim is made, so that an attempt that ended in a crash is on record too.
CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES outbox,
    number INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,           -- null while it goes on, and where its worker died
    outcome TEXT CHECK (outcome IN ('delivered', 'failed', 'dead', 'lost')),
    answer TEXT,             -- status and beginning of the answer, masked
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
