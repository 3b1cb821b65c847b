"""The statements by which a load is compared with the ledger; kg/difference.py says what they are for.

In each, `n` is what is said now (the stage) and `o` what was said before (the ledger). `…_lost` are claims of the
ledger that no longer hold: what a source that was loaded as a whole does not say any more, and the triples that a row
said of its entity and no longer says. `gone` are entities that nobody says any more, and `…_gone` what goes from the
graph, with all that touches an entity that goes, whoever says it. `…_todo` is what is to be written. What several
claim, or did before, is `…_contested`: there the claim that has its way now is compared with the one that had it. A
triple that only follows never has its way over one that is said, nor one without a time over one with.
"""

ENTITIES = """
CREATE TABLE stage.entity_lost (kind INTEGER, key TEXT, source INTEGER,
    PRIMARY KEY (kind, key, source)) WITHOUT ROWID;
INSERT INTO stage.entity_lost SELECT o.kind, o.key, o.source FROM main.entity o
    JOIN stage.loaded l ON l.source = o.source AND l.removing
    WHERE NOT EXISTS (SELECT 1 FROM stage.entity n WHERE n.kind = o.kind AND n.key = o.key AND n.source = o.source);
CREATE TABLE stage.gone (kind INTEGER, key TEXT,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
INSERT INTO stage.gone SELECT DISTINCT kind, key FROM stage.entity_lost x
    WHERE NOT EXISTS (SELECT 1 FROM stage.entity n WHERE n.kind = x.kind AND n.key = x.key)
    AND NOT EXISTS (SELECT 1 FROM main.entity o WHERE o.kind = x.kind AND o.key = x.key AND NOT EXISTS
        (SELECT 1 FROM stage.entity_lost y WHERE y.kind = o.kind AND y.key = o.key AND y.source = o.source));
CREATE TABLE stage.entity_todo (kind INTEGER, key TEXT,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
INSERT INTO stage.entity_todo SELECT kind, key FROM stage.entity n WHERE NOT EXISTS (SELECT 1 FROM main.entity o
        WHERE o.kind = n.kind AND o.key = n.key AND o.source = n.source AND o.properties = n.properties)
    UNION SELECT kind, key FROM stage.entity_lost x
        WHERE NOT EXISTS (SELECT 1 FROM stage.gone g WHERE g.kind = x.kind AND g.key = x.key);
"""
ENDS = """
CREATE TABLE stage.named (kind INTEGER, key TEXT, degree INTEGER,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
INSERT INTO stage.named SELECT kind, key, sum(degree) FROM (
    SELECT e.head_kind AS kind, t.head AS key, count(*) AS degree
        FROM stage.triple t JOIN stage.ends e ON e.kind = t.kind GROUP BY t.kind, t.head
    UNION ALL SELECT e.tail_kind, t.tail, count(*)
        FROM stage.triple t JOIN stage.ends e ON e.kind = t.kind GROUP BY t.kind, t.tail
    UNION ALL SELECT e.head_kind, t.user, count(*)
        FROM stage.interaction t JOIN stage.ends e ON e.kind = t.kind GROUP BY t.kind, t.user
    UNION ALL SELECT e.tail_kind, t.item, count(*)
        FROM stage.interaction t JOIN stage.ends e ON e.kind = t.kind GROUP BY t.kind, t.item
    UNION ALL SELECT DISTINCT l.tail_kind, r.item, 0 FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule
        WHERE EXISTS (SELECT 1 FROM stage.interaction WHERE n > 1) AND EXISTS (SELECT 1 FROM stage.interaction t
            WHERE t.kind = l.kind AND t.id = r.id AND t.source = l.source AND t.n > 1)) GROUP BY 1, 2;
CREATE TABLE stage.missing (kind INTEGER, key TEXT,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
INSERT INTO stage.missing SELECT kind, key FROM stage.named JOIN stage.gone USING (kind, key);
"""
UNKNOWN = """
SELECT t.kind, t.key FROM stage.named t
    WHERE NOT EXISTS (SELECT 1 FROM stage.entity n WHERE n.kind = t.kind AND n.key = t.key)
    AND NOT EXISTS (SELECT 1 FROM main.entity o WHERE o.kind = t.kind AND o.key = t.key)
    AND NOT EXISTS (SELECT 1 FROM stage.gone g WHERE g.kind = t.kind AND g.key = t.key)
"""
DANGLING = """
SELECT r.file, r.row, l.head_column, l.head_kind, r.head FROM stage.raw_triple r JOIN stage.rule l ON l.id = r.rule
    JOIN stage.missing m ON m.kind = l.head_kind AND m.key = r.head
UNION ALL SELECT r.file, r.row, l.tail_column, l.tail_kind, r.tail FROM stage.raw_triple r
    JOIN stage.rule l ON l.id = r.rule JOIN stage.missing m ON m.kind = l.tail_kind AND m.key = r.tail
UNION ALL SELECT r.file, r.row, l.tail_column, l.tail_kind, r.item FROM stage.raw_interaction r
    JOIN stage.rule l ON l.id = r.rule JOIN stage.missing m ON m.kind = l.tail_kind AND m.key = r.item
ORDER BY 1, 2
"""
WITHOUT_DANGLING = """
DELETE FROM stage.triple WHERE EXISTS (SELECT 1 FROM stage.ends e JOIN stage.missing m ON
    (m.kind = e.head_kind AND m.key = triple.head) OR (m.kind = e.tail_kind AND m.key = triple.tail)
    WHERE e.kind = triple.kind);
DELETE FROM stage.interaction WHERE EXISTS (SELECT 1 FROM stage.ends e JOIN stage.missing m ON
    m.kind = e.tail_kind AND m.key = interaction.item WHERE e.kind = interaction.kind);
INSERT INTO stage.interaction SELECT kind, id, source, user, item, value, happened, file, row, n FROM
    (SELECT l.kind, r.id, l.source, user, item, value, happened, file, row, count(*) AS n, max(r.rowid)
     FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule
     WHERE NOT EXISTS (SELECT 1 FROM stage.missing m WHERE m.kind = l.tail_kind AND m.key = r.item)
     AND NOT EXISTS (SELECT 1 FROM stage.interaction t WHERE t.kind = l.kind AND t.id = r.id AND t.source = l.source)
     GROUP BY 1, 2, 3);
"""
"""A refused row does not take the place of an earlier one that says the same interaction."""
TRIPLES = """
CREATE TABLE stage.triple_lost (kind INTEGER, head TEXT, tail TEXT, source INTEGER,
    PRIMARY KEY (kind, head, tail, source)) WITHOUT ROWID;
INSERT INTO stage.triple_lost SELECT o.kind, o.head, o.tail, o.source FROM main.triple o
    JOIN stage.loaded l ON l.source = o.source
    WHERE NOT EXISTS (SELECT 1 FROM stage.triple n
        WHERE n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source)
    AND (l.removing OR (o.owned AND EXISTS (SELECT 1 FROM stage.entity e JOIN main.kind k ON k.id = o.kind
        JOIN main.kind c ON c.head = k.head AND c.relation = '' AND c.tail = ''
        WHERE e.kind = c.id AND e.key = o.head AND e.source = o.source AND e.n)));
INSERT OR IGNORE INTO stage.triple_lost SELECT o.kind, o.head, o.tail, o.source FROM main.triple o
    JOIN main.kind k ON k.id = o.kind
    JOIN main.kind c ON c.relation = '' AND c.tail = '' AND c.head IN (k.head, k.tail)
    JOIN stage.gone g ON g.kind = c.id
    AND ((k.head = c.head AND g.key = o.head) OR (k.tail = c.head AND g.key = o.tail))
    WHERE EXISTS (SELECT 1 FROM stage.gone);
CREATE TABLE stage.triple_gone (kind INTEGER, head TEXT, tail TEXT,
    PRIMARY KEY (kind, head, tail)) WITHOUT ROWID;
INSERT INTO stage.triple_gone SELECT DISTINCT kind, head, tail FROM stage.triple_lost x
    WHERE NOT EXISTS (SELECT 1 FROM stage.triple n WHERE n.kind = x.kind AND n.head = x.head AND n.tail = x.tail)
    AND NOT EXISTS (SELECT 1 FROM main.triple o WHERE o.kind = x.kind AND o.head = x.head AND o.tail = x.tail
        AND NOT EXISTS (SELECT 1 FROM stage.triple_lost y WHERE y.kind = o.kind AND y.head = o.head
            AND y.tail = o.tail AND y.source = o.source));
CREATE TABLE stage.triple_todo (kind INTEGER, head TEXT, tail TEXT, since INTEGER, until INTEGER, file INTEGER,
    row INTEGER, known INTEGER, said INTEGER, PRIMARY KEY (kind, head, tail)) WITHOUT ROWID;
INSERT INTO stage.triple_todo SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row,
        EXISTS (SELECT 1 FROM main.triple o WHERE o.kind = n.kind AND o.head = n.head AND o.tail = n.tail), count(*)
    FROM stage.triple n LEFT JOIN main.triple p ON p.kind = n.kind AND p.head = n.head AND p.tail = n.tail
        AND p.source = n.source
    WHERE p.kind IS NULL OR p.since IS NOT n.since OR p.until IS NOT n.until GROUP BY n.kind, n.head, n.tail;
CREATE TABLE stage.triple_contested (kind INTEGER, head TEXT, tail TEXT,
    PRIMARY KEY (kind, head, tail)) WITHOUT ROWID;
INSERT INTO stage.triple_contested SELECT kind, head, tail FROM stage.triple_todo WHERE known OR said > 1
    UNION SELECT kind, head, tail FROM stage.triple_lost x WHERE NOT EXISTS
        (SELECT 1 FROM stage.triple_gone g WHERE g.kind = x.kind AND g.head = x.head AND g.tail = x.tail);
DELETE FROM stage.triple_todo WHERE known OR said > 1;
INSERT INTO stage.triple_todo
    WITH claim AS (
        SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row, n.source, 1 AS holds,
            CASE WHEN o.since IS n.since AND o.until IS n.until THEN coalesce(o.at, 1 << 62) ELSE 1 << 62 END AS at
        FROM stage.triple_contested JOIN stage.triple n USING (kind, head, tail)
        LEFT JOIN main.triple o ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail AND o.source = n.source
        UNION ALL SELECT o.kind, o.head, o.tail, o.since, o.until, o.file, o.row, o.source, 1, o.at
        FROM stage.triple_contested JOIN main.triple o USING (kind, head, tail)
        WHERE NOT EXISTS (SELECT 1 FROM stage.triple n
            WHERE n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source)
        AND NOT EXISTS (SELECT 1 FROM stage.triple_lost x
            WHERE x.kind = o.kind AND x.head = o.head AND x.tail = o.tail AND x.source = o.source)
        UNION ALL SELECT o.kind, o.head, o.tail, o.since, o.until, o.file, o.row, o.source, 0, o.at
        FROM stage.triple_contested JOIN main.triple o USING (kind, head, tail)),
    ranked AS (SELECT claim.*, s.name LIKE '(%)' AS follows, row_number() OVER
        (PARTITION BY kind, head, tail, holds ORDER BY s.name LIKE '(%)', since IS NULL AND until IS NULL, at DESC,
        source DESC) AS place FROM claim JOIN main.source s ON s.id = claim.source)
    SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row, o.kind IS NOT NULL, 1
    FROM ranked n LEFT JOIN ranked o ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail
        AND NOT o.holds AND o.place = 1
    WHERE n.holds AND n.place = 1
    AND (o.kind IS NULL OR n.since IS NOT o.since OR n.until IS NOT o.until OR n.follows <> o.follows);
"""
INTERACTIONS = """
CREATE TABLE stage.interaction_lost (kind INTEGER, id TEXT, source INTEGER,
    PRIMARY KEY (kind, id, source)) WITHOUT ROWID;
INSERT INTO stage.interaction_lost SELECT o.kind, o.id, o.source FROM main.interaction o
    JOIN stage.loaded l ON l.source = o.source AND l.removing
    WHERE NOT EXISTS (SELECT 1 FROM stage.interaction n WHERE n.kind = o.kind AND n.id = o.id AND n.source = o.source);
INSERT OR IGNORE INTO stage.interaction_lost SELECT o.kind, o.id, o.source FROM main.interaction o
    JOIN main.kind k ON k.id = o.kind
    JOIN main.kind c ON c.relation = '' AND c.tail = '' AND c.head IN (k.head, k.tail)
    JOIN stage.gone g ON g.kind = c.id
    AND ((k.head = c.head AND g.key = o.user) OR (k.tail = c.head AND g.key = o.item))
    WHERE EXISTS (SELECT 1 FROM stage.gone);
CREATE TABLE stage.interaction_gone (kind INTEGER, id TEXT, user TEXT, item TEXT,
    PRIMARY KEY (kind, id)) WITHOUT ROWID;
INSERT INTO stage.interaction_gone SELECT kind, id, user, item FROM (SELECT o.kind, o.id, o.user, o.item, row_number()
        OVER (PARTITION BY o.kind, o.id ORDER BY o.at DESC, o.source DESC) AS place
    FROM (SELECT DISTINCT kind, id FROM stage.interaction_lost) x JOIN main.interaction o USING (kind, id)
    WHERE NOT EXISTS (SELECT 1 FROM stage.interaction n WHERE n.kind = x.kind AND n.id = x.id)
    AND NOT EXISTS (SELECT 1 FROM main.interaction p WHERE p.kind = x.kind AND p.id = x.id
        AND NOT EXISTS (SELECT 1 FROM stage.interaction_lost y
            WHERE y.kind = p.kind AND y.id = p.id AND y.source = p.source))) WHERE place = 1;
CREATE TABLE stage.interaction_todo (kind INTEGER, id TEXT, user TEXT, item TEXT, value REAL, happened INTEGER,
    file INTEGER, row INTEGER, known INTEGER, said INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID;
INSERT INTO stage.interaction_todo SELECT n.kind, n.id, n.user, n.item, n.value, n.happened, n.file, n.row,
        EXISTS (SELECT 1 FROM main.interaction o WHERE o.kind = n.kind AND o.id = n.id), count(*)
    FROM stage.interaction n
    LEFT JOIN main.interaction p ON p.kind = n.kind AND p.id = n.id AND p.source = n.source
    WHERE p.kind IS NULL OR p.value <> n.value OR p.happened <> n.happened OR p.user <> n.user OR p.item <> n.item
    GROUP BY n.kind, n.id;
CREATE TABLE stage.interaction_contested (kind INTEGER, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
INSERT INTO stage.interaction_contested SELECT kind, id FROM stage.interaction_todo WHERE known OR said > 1
    UNION SELECT kind, id FROM stage.interaction_lost x WHERE NOT EXISTS
        (SELECT 1 FROM stage.interaction_gone g WHERE g.kind = x.kind AND g.id = x.id);
DELETE FROM stage.interaction_todo WHERE known OR said > 1;
INSERT INTO stage.interaction_todo
    WITH claim AS (
        SELECT n.kind, n.id, n.user, n.item, n.value, n.happened, n.file, n.row, n.source, 1 AS holds,
            CASE WHEN o.value = n.value AND o.happened = n.happened AND o.user = n.user AND o.item = n.item
            THEN o.at ELSE 1 << 62 END AS at
        FROM stage.interaction_contested JOIN stage.interaction n USING (kind, id)
        LEFT JOIN main.interaction o ON o.kind = n.kind AND o.id = n.id AND o.source = n.source
        UNION ALL SELECT o.kind, o.id, o.user, o.item, o.value, o.happened, o.file, o.row, o.source, 1, o.at
        FROM stage.interaction_contested JOIN main.interaction o USING (kind, id)
        WHERE NOT EXISTS (SELECT 1 FROM stage.interaction n
            WHERE n.kind = o.kind AND n.id = o.id AND n.source = o.source)
        AND NOT EXISTS (SELECT 1 FROM stage.interaction_lost x
            WHERE x.kind = o.kind AND x.id = o.id AND x.source = o.source)
        UNION ALL SELECT o.kind, o.id, o.user, o.item, o.value, o.happened, o.file, o.row, o.source, 0, o.at
        FROM stage.interaction_contested JOIN main.interaction o USING (kind, id)),
    ranked AS (SELECT *, row_number() OVER
        (PARTITION BY kind, id, holds ORDER BY at DESC, source DESC) AS place FROM claim)
    SELECT n.kind, n.id, n.user, n.item, n.value, n.happened, n.file, n.row, o.kind IS NOT NULL, 1
    FROM ranked n LEFT JOIN ranked o ON o.kind = n.kind AND o.id = n.id AND NOT o.holds AND o.place = 1
    WHERE n.holds AND n.place = 1 AND (o.kind IS NULL OR n.value <> o.value OR n.happened <> o.happened
        OR n.user <> o.user OR n.item <> o.item);
"""
SETTLE = """
DELETE FROM main.entity WHERE (kind, key, source) IN (SELECT kind, key, source FROM stage.entity_lost);
DELETE FROM main.triple WHERE (kind, head, tail, source) IN (SELECT kind, head, tail, source FROM stage.triple_lost);
DELETE FROM main.interaction WHERE (kind, id, source) IN (SELECT kind, id, source FROM stage.interaction_lost);
INSERT OR REPLACE INTO main.entity SELECT n.kind, n.key, n.source, n.properties, n.file, n.row, :at
    FROM stage.entity n LEFT JOIN main.entity o ON o.kind = n.kind AND o.key = n.key AND o.source = n.source
    WHERE o.kind IS NULL OR o.properties <> n.properties;
INSERT OR REPLACE INTO main.triple
    SELECT n.kind, n.head, n.tail, n.source, n.owned, n.since, n.until, n.file, n.row, :at
    FROM stage.triple n LEFT JOIN main.triple o
    ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail AND o.source = n.source
    WHERE o.kind IS NULL OR o.since IS NOT n.since OR o.until IS NOT n.until OR o.owned <> n.owned;
INSERT OR REPLACE INTO main.interaction
    SELECT n.kind, n.id, n.source, n.user, n.item, n.value, n.happened, n.file, n.row, :at
    FROM stage.interaction n LEFT JOIN main.interaction o ON o.kind = n.kind AND o.id = n.id AND o.source = n.source
    WHERE o.kind IS NULL OR o.value <> n.value OR o.happened <> n.happened OR o.user <> n.user OR o.item <> n.item;
"""
CLAIMS = """
SELECT t.kind, t.key, 0 AS holds, o.at, o.source, o.properties, o.file, o.row
    FROM stage.entity_todo t JOIN main.entity o ON o.kind = t.kind AND o.key = t.key
UNION ALL SELECT t.kind, t.key, 1, CASE WHEN o.properties = n.properties THEN o.at ELSE :at END, n.source,
        n.properties, n.file, n.row
    FROM stage.entity_todo t JOIN stage.entity n ON n.kind = t.kind AND n.key = t.key
    LEFT JOIN main.entity o ON o.kind = n.kind AND o.key = n.key AND o.source = n.source
UNION ALL SELECT t.kind, t.key, 1, o.at, o.source, o.properties, o.file, o.row
    FROM stage.entity_todo t JOIN main.entity o ON o.kind = t.kind AND o.key = t.key
    WHERE NOT EXISTS (SELECT 1 FROM stage.entity n WHERE n.kind = o.kind AND n.key = o.key AND n.source = o.source)
    AND NOT EXISTS (SELECT 1 FROM stage.entity_lost x WHERE x.kind = o.kind AND x.key = o.key AND x.source = o.source)
ORDER BY 1, 2, 3, 4, 5
"""
"""The claims on each entity to write: before (holds = 0) and now, the one that has its way last."""
