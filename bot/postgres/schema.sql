-- A database's schema as rows of kind, name, `rewritten`: a definition that PostgreSQL writes out anew (an expression), and
-- `kept`: one that it keeps to the letter. Left out on purpose: what a restore names anew (constraints of partitions that
-- come from their parent), invalid indexes, which pg_dump leaves out, not-null constraints, which are the columns' own,
-- and what belongs to the system (oids below 16384) or to an extension.
WITH member AS MATERIALIZED (
    SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), relation AS MATERIALIZED (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND c.oid >= 16384
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
), item (kind, catalog, oid, name, rewritten, kept) AS (
    SELECT 'schema', 'pg_namespace', n.oid, quote_ident(n.nspname), NULL, NULL
    FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_'

    UNION ALL
    SELECT 'relation', 'pg_class', r.oid, r.name,
        coalesce(CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END, pg_get_expr(r.relpartbound, r.oid)),
        jsonb_build_array(
            r.relkind, r.relpersistence, r.relreplident, r.relrowsecurity, r.relforcerowsecurity,
            array(SELECT unnest(r.reloptions) ORDER BY 1),
            (SELECT a.amname FROM pg_catalog.pg_am a WHERE a.oid = r.relam),
            CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
            array(SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits i
                  WHERE i.inhrelid = r.oid ORDER BY i.inhseqno),
            (SELECT jsonb_build_array(s.srvname, f.ftoptions) FROM pg_catalog.pg_foreign_table f
             JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid))::text
    FROM relation r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')

    UNION ALL
    SELECT 'column', 'pg_class', r.oid, format('%s.%I', r.name, a.attname), pg_get_expr(d.adbin, d.adrelid),
        jsonb_build_array(
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
            a.attcompression, a.attoptions, a.attfdwoptions,
            CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END)::text
    FROM relation r
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')

    UNION ALL
    SELECT 'constraint', 'pg_class', r.oid, format('%I on %s', o.conname, r.name), pg_get_constraintdef(o.oid),
        o.convalidated::text
    FROM relation r JOIN pg_catalog.pg_constraint o ON o.conrelid = r.oid
    WHERE o.contype IN ('c', 'p', 'u', 'f', 'x') AND o.conparentid = 0

    UNION ALL
    SELECT 'constraint', 'pg_type', o.contypid, format('%I on %s', o.conname, o.contypid::regtype),
        pg_get_constraintdef(o.oid), o.convalidated::text
    FROM pg_catalog.pg_constraint o WHERE o.contypid <> 0 AND o.contype = 'c'

    UNION ALL
    SELECT 'index', 'pg_class', r.oid, format('%s on %s', i.indexrelid::regclass, r.name),
        pg_get_indexdef(i.indexrelid), jsonb_build_array(i.indisclustered, i.indisreplident)::text
    FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
    WHERE i.indisvalid OR r.relkind = 'p'

    UNION ALL
    SELECT 'sequence', 'pg_class', r.oid, r.name, NULL,
        jsonb_build_array(format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache,
                          s.seqcycle)::text
    FROM relation r JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid

    UNION ALL
    SELECT 'trigger', 'pg_class', r.oid, format('%I on %s', t.tgname, r.name), pg_get_triggerdef(t.oid),
        t.tgenabled::text
    FROM relation r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0

    UNION ALL
    SELECT 'rule', 'pg_class', r.oid, format('%I on %s', w.rulename, r.name), pg_get_ruledef(w.oid), w.ev_enabled::text
    FROM relation r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid
    WHERE w.rulename <> '_RETURN'

    UNION ALL
    SELECT 'policy', 'pg_class', r.oid, format('%I on %s', p.polname, r.name),
        format('%s / %s', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)),
        jsonb_build_array(p.polcmd, p.polpermissive,
            array(SELECT coalesce(g.rolname, 'public') FROM unnest(p.polroles) AS o (role)
                  LEFT JOIN pg_catalog.pg_roles g ON g.oid = o.role ORDER BY 1))::text
    FROM relation r JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid

    UNION ALL
    SELECT 'function', 'pg_proc', p.oid, p.oid::regprocedure::text,
        CASE WHEN p.prokind = 'a'
             THEN format('%s %s %s', pg_get_function_result(p.oid), g.aggtransfn, g.agginitval)
             ELSE pg_get_functiondef(p.oid) END,
        p.prosrc
    FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_' AND p.oid >= 16384

    UNION ALL
    SELECT 'type', 'pg_type', t.oid, t.oid::regtype::text, t.typdefault,
        jsonb_build_array(t.typtype, t.typnotnull, format_type(nullif(t.typbasetype, 0), t.typtypmod),
            array(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
            (SELECT format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid))::text
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname !~ '^pg_' AND t.typtype IN ('e', 'd', 'r', 'b') AND t.typcategory <> 'A'

    UNION ALL
    SELECT 'extension', 'pg_extension', x.oid, quote_ident(x.extname), NULL, NULL FROM pg_catalog.pg_extension x

    UNION ALL
    SELECT 'event trigger', 'pg_event_trigger', t.oid, quote_ident(t.evtname), NULL,
        jsonb_build_array(t.evtevent, t.evtenabled, t.evttags, t.evtfoid::regprocedure::text)::text
    FROM pg_catalog.pg_event_trigger t

    UNION ALL
    SELECT 'publication', 'pg_publication', p.oid, quote_ident(p.pubname), NULL,
        jsonb_build_array(p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
            array(SELECT r.prrelid::regclass::text FROM pg_catalog.pg_publication_rel r
                  WHERE r.prpubid = p.oid ORDER BY 1))::text
    FROM pg_catalog.pg_publication p

    UNION ALL
    SELECT 'statistics', 'pg_statistic_ext', s.oid, format('%I.%I', n.nspname, s.stxname),
        pg_get_statisticsobjdef(s.oid), NULL
    FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace

    UNION ALL
    -- These by name alone.
    SELECT 'object', o.catalog, o.oid, i.type || ' ' || i.identity, NULL, NULL
    FROM (
        SELECT 'pg_am' AS catalog, oid FROM pg_catalog.pg_am
        UNION ALL SELECT 'pg_cast', oid FROM pg_catalog.pg_cast
        UNION ALL SELECT 'pg_collation', oid FROM pg_catalog.pg_collation
        UNION ALL SELECT 'pg_conversion', oid FROM pg_catalog.pg_conversion
        UNION ALL SELECT 'pg_foreign_data_wrapper', oid FROM pg_catalog.pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_foreign_server', oid FROM pg_catalog.pg_foreign_server
        UNION ALL SELECT 'pg_language', oid FROM pg_catalog.pg_language
        UNION ALL SELECT 'pg_opclass', oid FROM pg_catalog.pg_opclass
        UNION ALL SELECT 'pg_operator', oid FROM pg_catalog.pg_operator
        UNION ALL SELECT 'pg_opfamily', oid FROM pg_catalog.pg_opfamily
        UNION ALL SELECT 'pg_transform', oid FROM pg_catalog.pg_transform
        UNION ALL SELECT 'pg_ts_config', oid FROM pg_catalog.pg_ts_config
        UNION ALL SELECT 'pg_ts_dict', oid FROM pg_catalog.pg_ts_dict
        UNION ALL SELECT 'pg_ts_parser', oid FROM pg_catalog.pg_ts_parser
        UNION ALL SELECT 'pg_ts_template', oid FROM pg_catalog.pg_ts_template
    ) o, pg_identify_object(o.catalog::regclass, o.oid, 0) i
    WHERE o.oid >= 16384

    UNION ALL
    SELECT 'comment', d.classoid::regclass::text, d.objoid, i.type || ' ' || i.identity, NULL, d.description
    FROM pg_catalog.pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    WHERE d.objoid >= 16384
)
SELECT kind, name, rewritten, kept FROM item
WHERE oid >= 16384
  AND NOT EXISTS (
    SELECT FROM member m WHERE m.classid = item.catalog::regclass AND m.objid = item.oid)
