-- The indexes of words and places; the audit is not changed.

CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;

-- Words as SQLite's index has them: letters and digits, without case and accents, whatever the locale of the database.
CREATE FUNCTION folded(said TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
        public.unaccent('public.unaccent', lower(normalize(said COLLATE "und-x-icu", NFC))),
        '[^[:alnum:]]+' COLLATE "und-x-icu", ' ', 'g'
    )
$$;

ALTER TABLE posts ADD words tsvector;
CREATE INDEX posts_words ON posts USING gin (words);
ALTER TABLE posts ADD place public.geometry(Point, 4326)
    GENERATED ALWAYS AS (public.ST_SetSRID(public.ST_MakePoint(longitude, latitude), 4326)) STORED;
CREATE INDEX posts_place ON posts USING gist (place);

CREATE FUNCTION index_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := to_tsvector('pg_catalog.simple', folded(NEW.text));
        RETURN NEW;
    END
$$;
CREATE TRIGGER posts_indexed BEFORE INSERT OR UPDATE OF text ON posts FOR EACH ROW EXECUTE FUNCTION index_words();

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit is append-only'; END
$$;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse();
