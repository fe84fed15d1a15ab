-- One of everything that a database may hold, for PostgreSQL 15 and later.

-- Types
CREATE SCHEMA zoo;
CREATE TYPE zoo.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN zoo.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE zoo.point3 AS (x float8, y float8, z float8);
CREATE TYPE zoo.hours AS RANGE (subtype = time);
CREATE TABLE zoo."All Types" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Größe ""ü""" numeric, flag boolean, small smallint, real4 real, real8 double precision, price money,
    short varchar(20), fixed char(8), body text, raw bytea, day date, clock timetz, at timestamptz, local timestamp,
    span interval, doc jsonb, plain json, tags text[], matrix int[][], during tstzrange, many int4multirange,
    address inet, hardware macaddr, key uuid, bits varbit(9), words tsvector, place point, area polygon,
    feeling zoo.mood, feelings zoo.mood[], share zoo.percent, spot zoo.point3, open zoo.hours, position pg_lsn, t text,
    double_id bigint GENERATED ALWAYS AS (small * 2) STORED
);
INSERT INTO zoo."All Types" ("Größe ""ü""", flag, small, real4, real8, price, short, fixed, body, raw, day, clock, at,
    local, span, doc, plain, tags, matrix, during, many, address, hardware, key, bits, words, place, area, feeling,
    feelings, share, spot, open, position, t)
SELECT i / 7.0, i % 2 = 0, i, i / 3.0, 1e300 / i, i, 'short ' || i, 'fixed', repeat(E'tab\t nl\n \\ "q" 🐘 ', i),
    sha256(i::text::bytea), date '2024-02-29' + i, '12:00+05:45', timestamptz '2024-03-31 02:30+01' + i * interval '1h',
    '-infinity', i * interval '1 month 3 days 04:05:06.789', jsonb_build_object('n', i, 'null', NULL, 'a', array[1, 2]),
    '{"b": 1,  "a":2}', array['a', NULL, 'c,d', ''], array[[1, i], [3, 4]], tstzrange(now() - i * interval '1d', NULL),
    '{[1,3), [5,9)}', '10.0.0.0/8', '08:00:2b:01:02:03', gen_random_uuid(), B'10101', to_tsvector('english', 'fat rats'),
    point(i, 1), '((0,0),(1,1),(2,0))', 'ok', array['sad', 'happy']::zoo.mood[], 12.5, row(i, 2, 'NaN')::zoo.point3,
    zoo.hours('09:00', '17:00'), '0/16B3748', NULL
FROM generate_series(1, 50) i;
INSERT INTO zoo."All Types" DEFAULT VALUES;

-- Tables, sequences, large objects
CREATE TABLE zoo.nothing ();
INSERT INTO zoo.nothing DEFAULT VALUES;
CREATE UNLOGGED TABLE zoo.unlogged AS SELECT 1 AS n;
CREATE TEMP TABLE not_mine AS SELECT 1 AS n;
CREATE TABLE zoo.dropped (a int, gone int, b int);
ALTER TABLE zoo.dropped DROP COLUMN gone;
INSERT INTO zoo.dropped VALUES (1, 2);
CREATE TABLE zoo.parent (id int, kind varchar(9) CHECK (kind IN ('a', 'b')));
CREATE TABLE zoo.child (extra text, kind varchar(9), id int);
ALTER TABLE zoo.child ADD CONSTRAINT parent_kind_check CHECK (kind IN ('a', 'b')), INHERIT zoo.parent;
INSERT INTO zoo.parent VALUES (1, 'a');
INSERT INTO zoo.child VALUES ('x', 'b', 2);
CREATE TABLE zoo.readings (at timestamptz NOT NULL, device int, value real, PRIMARY KEY (at, device))
       PARTITION BY RANGE (at);
CREATE TABLE zoo.readings_2024 PARTITION OF zoo.readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE zoo.readings_2025 (value real, at timestamptz NOT NULL, device int NOT NULL);
ALTER TABLE zoo.readings ATTACH PARTITION zoo.readings_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO zoo.readings SELECT timestamptz '2024-06-01' + i * interval '1 day', i, i FROM generate_series(1, 400) i;
CREATE TABLE zoo.links (at timestamptz, device int, FOREIGN KEY (at, device) REFERENCES zoo.readings);
CREATE INDEX ON zoo.readings (device) WHERE value > 3;
CREATE INDEX late ON zoo.parent ((kind || 'x'), id DESC NULLS LAST) WHERE kind IN ('a', 'b');
CREATE SEQUENCE zoo.down INCREMENT -2 MAXVALUE 100 MINVALUE -100 START 100;
SELECT nextval('zoo.down'), nextval('zoo.down');
CREATE SEQUENCE zoo.unused START 50;
CREATE SEQUENCE zoo.round MAXVALUE 3 CYCLE;
SELECT nextval('zoo.round') FROM generate_series(1, 5);
CREATE STATISTICS zoo.both ON device, value FROM zoo.readings_2024;
SELECT lo_from_bytea(0, decode(repeat('ab', n), 'hex')) FROM generate_series(1, 9000, 3000) n;
COMMENT ON TABLE zoo.parent IS 'has a child';

-- Views, functions, triggers, policies
CREATE VIEW zoo.summary WITH (security_barrier) AS
       SELECT p.kind, count(*) AS n, max(CASE WHEN p.id > 1 THEN 'x'::varchar ELSE NULL END) AS most
       FROM zoo.parent p LEFT JOIN zoo.child c USING (id)
       WHERE p.kind IN ('a', 'b') AND p.id = ANY (ARRAY[1, 2]) GROUP BY p.kind HAVING count(*) > 0;
CREATE MATERIALIZED VIEW zoo.kept AS SELECT kind, n FROM zoo.summary;
CREATE UNIQUE INDEX ON zoo.kept (kind);
CREATE FUNCTION zoo.area(width float8 DEFAULT 1.5, OUT result float8) LANGUAGE plpgsql IMMUTABLE
       SET search_path = pg_catalog AS $$ BEGIN result := width * 2; -- a comment
       END $$;
CREATE FUNCTION zoo.atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE zoo.tidy() LANGUAGE sql AS 'DELETE FROM zoo.nothing WHERE false';
CREATE AGGREGATE zoo.total (numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0');
CREATE OPERATOR zoo.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE FUNCTION zoo.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON zoo.readings FOR EACH ROW WHEN (NEW.device > 0) EXECUTE FUNCTION zoo.stamp();
ALTER TABLE zoo.parent DISABLE TRIGGER ALL;
CREATE RULE silent AS ON DELETE TO zoo.nothing DO INSTEAD NOTHING;
ALTER TABLE zoo.parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON zoo.parent FOR SELECT TO PUBLIC USING (kind IN ('a', 'b'));
CREATE PUBLICATION changes FOR TABLE zoo.readings;
CREATE FUNCTION zoo.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION zoo.watch();
CREATE TABLE public.alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO public.alembic_version VALUES ('3f2a9c');
