-- What the analysis found in posts, and the posts on which it failed.

CREATE TABLE findings (
    post INTEGER PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    revision INTEGER NOT NULL,             -- of the text that was analysed
    story INTEGER NOT NULL,                -- the number of the first post of its near-repeats, which may be gone
    content TEXT NOT NULL,                 -- JSON
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_of_story ON findings (story, post);

CREATE TABLE failures (
    post INTEGER PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    failures INTEGER NOT NULL,             -- of the analysis of this revision
    reason TEXT NOT NULL,                  -- of the last one
    at INTEGER NOT NULL
) STRICT;

-- Incidents that lost a post: what they say is to be made anew.
CREATE TABLE lost_posts (
    incident TEXT PRIMARY KEY REFERENCES incidents
) STRICT;
