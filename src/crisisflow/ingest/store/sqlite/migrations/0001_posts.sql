-- The indexes of words and places; the audit is not changed.

CREATE VIRTUAL TABLE posts_text USING fts5 (
    text, content = 'posts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
-- Its numbers have 32 bits, so what it finds is compared with the post itself.
CREATE VIRTUAL TABLE posts_place USING rtree (id, west, east, south, north);

CREATE TRIGGER posts_added AFTER INSERT ON posts BEGIN
    INSERT INTO posts_text (rowid, text) VALUES (new.id, new.text);
    INSERT INTO posts_place
        SELECT new.id, new.longitude, new.longitude, new.latitude, new.latitude WHERE new.longitude IS NOT NULL;
END;
CREATE TRIGGER posts_revised AFTER UPDATE OF text ON posts BEGIN
    INSERT INTO posts_text (posts_text, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO posts_text (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER posts_removed AFTER DELETE ON posts BEGIN
    INSERT INTO posts_text (posts_text, rowid, text) VALUES ('delete', old.id, old.text);
    DELETE FROM posts_place WHERE id = old.id;
END;

CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_whole BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
