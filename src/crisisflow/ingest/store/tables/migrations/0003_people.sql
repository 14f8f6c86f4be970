-- People with their roles and tokens, and what they are working on.

CREATE TABLE people (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'lead', 'admin')),
    salt BLOB NOT NULL,
    token BLOB NOT NULL,     -- salted hash; the token itself is nowhere
    added INTEGER NOT NULL,
    revoked INTEGER          -- since when the token is no longer taken
) STRICT;

-- Who works on what until when; a row that has ended holds nobody up.
CREATE TABLE leases (
    subject TEXT PRIMARY KEY,              -- such as incident:i1
    person TEXT NOT NULL REFERENCES people,
    ends INTEGER NOT NULL
) STRICT;
