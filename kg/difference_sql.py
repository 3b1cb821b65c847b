"""The statements by which a load is compared with the ledger; kg/difference.py says what they are for.

In each, `n` is what is said now (the stage) and `o` what was said before (the ledger). `…_lost` are claims of the
ledger that no longer hold: what a source that was loaded as a whole does not say any more, and the triples that a row
said of its entity and no longer says. `gone` are entities that nobody says any more, and `…_gone` what goes from the
graph, with all that touches an entity that goes, whoever says it. `…_todo` is what is to be written: claims that are
new or have changed. What several claim, or did before, is `…_contested`: there the claim that has its way now is
compared with the one that had it. A triple that only follows never has its way over one that is said, nor one without a
time over one with.

Texts can be long, and what is joined or sorted is held in memory. So entities are compared by a digest (128 bits) of
what is said of them, and their texts are only ever read one after the other. A `place` is a row of the stage.
"""

ENTITIES = """
CREATE TABLE stage.entity_lost AS SELECT o.kind, o.key, o.source FROM main.entity o
    SEMI JOIN (FROM stage.loaded WHERE removing) l ON l.source = o.source
    ANTI JOIN stage.entity n ON n.kind = o.kind AND n.key = o.key AND n.source = o.source;
CREATE TABLE stage.gone AS SELECT DISTINCT x.kind, x.key FROM stage.entity_lost x
    ANTI JOIN stage.entity n ON n.kind = x.kind AND n.key = x.key
    ANTI JOIN (SELECT o.kind, o.key FROM main.entity o
        ANTI JOIN stage.entity_lost y ON y.kind = o.kind AND y.key = o.key AND y.source = o.source) o
        ON o.kind = x.kind AND o.key = x.key;
CREATE TABLE stage.entity_fresh AS SELECT n.kind, n.key, n.source, n.place
    FROM (SELECT kind, key, source, md5_number(properties) AS digest, rowid AS place
        FROM stage.entity WHERE NOT alone) n
    ANTI JOIN (SELECT kind, key, source, md5_number(properties) AS digest FROM main.entity) o
        ON o.kind = n.kind AND o.key = n.key AND o.source = n.source AND o.digest = n.digest;
CREATE TABLE stage.entity_todo AS SELECT kind, key FROM stage.entity_fresh
    UNION SELECT x.kind, x.key FROM stage.entity_lost x ANTI JOIN stage.gone g ON g.kind = x.kind AND g.key = x.key;
"""
ENDS = """
CREATE TABLE stage.named AS SELECT kind, key, sum(degree)::BIGINT AS degree FROM (
    SELECT e.head_kind AS kind, t.head AS key, count(*) AS degree
        FROM stage.triple t JOIN stage.ends e ON e.kind = t.kind GROUP BY ALL
    UNION ALL SELECT e.tail_kind, t.tail, count(*)
        FROM stage.triple t JOIN stage.ends e ON e.kind = t.kind GROUP BY ALL
    UNION ALL SELECT e.head_kind, t.head, count(*)
        FROM stage.interaction t JOIN stage.ends e ON e.kind = t.kind GROUP BY ALL
    UNION ALL SELECT e.tail_kind, t.tail, count(*)
        FROM stage.interaction t JOIN stage.ends e ON e.kind = t.kind GROUP BY ALL
    UNION ALL SELECT DISTINCT l.tail_kind, r.tail, 0 FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule
        SEMI JOIN (FROM stage.interaction WHERE n > 1) t ON t.kind = l.kind AND t.id = r.id AND t.source = l.source
    ) GROUP BY kind, key;
CREATE TABLE stage.missing AS SELECT x.kind, x.key FROM stage.named x SEMI JOIN stage.gone USING (kind, key);
"""
UNKNOWN = """
SELECT t.kind, t.key FROM stage.named t ANTI JOIN stage.entity n ON n.kind = t.kind AND n.key = t.key
    ANTI JOIN main.entity o ON o.kind = t.kind AND o.key = t.key
    ANTI JOIN stage.gone g ON g.kind = t.kind AND g.key = t.key
"""
DANGLING = """
SELECT r.file, r.row, l.head_column, l.head_kind, r.head, l.kind FROM stage.raw_triple r
    JOIN stage.rule l ON l.id = r.rule SEMI JOIN stage.missing m ON m.kind = l.head_kind AND m.key = r.head
UNION ALL SELECT r.file, r.row, l.tail_column, l.tail_kind, r.tail, l.kind FROM stage.raw_triple r
    JOIN stage.rule l ON l.id = r.rule SEMI JOIN stage.missing m ON m.kind = l.tail_kind AND m.key = r.tail
UNION ALL SELECT r.file, r.row, l.tail_column, l.tail_kind, r.tail, l.kind FROM stage.raw_interaction r
    JOIN stage.rule l ON l.id = r.rule SEMI JOIN stage.missing m ON m.kind = l.tail_kind AND m.key = r.tail
ORDER BY ALL
"""
WITHOUT_DANGLING = """
DELETE FROM stage.triple WHERE EXISTS (SELECT 1 FROM stage.ends e JOIN stage.missing m ON m.kind = e.head_kind
    WHERE e.kind = triple.kind AND m.key = triple.head);
DELETE FROM stage.triple WHERE EXISTS (SELECT 1 FROM stage.ends e JOIN stage.missing m ON m.kind = e.tail_kind
    WHERE e.kind = triple.kind AND m.key = triple.tail);
DELETE FROM stage.interaction WHERE EXISTS (SELECT 1 FROM stage.ends e JOIN stage.missing m ON m.kind = e.tail_kind
    WHERE e.kind = interaction.kind AND m.key = interaction.tail);
INSERT INTO stage.interaction
    SELECT l.kind, r.id, l.source, r.head, r.tail, r.value, r.happened, r.file, r.row, x.n
    FROM (SELECT max(number) AS number, count(*) AS n FROM stage.raw_interaction r JOIN stage.rule l ON l.id = r.rule
        ANTI JOIN stage.missing m ON m.kind = l.tail_kind AND m.key = r.tail
        ANTI JOIN stage.interaction t ON t.kind = l.kind AND t.id = r.id AND t.source = l.source
        GROUP BY l.kind, r.id, l.source) x
    JOIN stage.raw_interaction r USING (number) JOIN stage.rule l ON l.id = r.rule;
"""
"""A refused row does not take the place of an earlier one that says the same interaction."""
FIRST = """
CREATE TABLE stage.triple_gone AS SELECT kind, head, tail FROM stage.triple_lost WITH NO DATA;
CREATE VIEW stage.triple_todo AS SELECT kind, head, tail, since, until, file, row, FALSE AS known FROM stage.triple;
CREATE TABLE stage.interaction_lost AS SELECT kind, id, source FROM stage.interaction WITH NO DATA;
CREATE TABLE stage.interaction_gone AS SELECT kind, id, head, tail FROM stage.interaction WITH NO DATA;
CREATE VIEW stage.interaction_todo AS
    SELECT kind, id, head, tail, value, happened, file, row, FALSE AS known FROM stage.interaction;
"""
"""What `TRIPLES` and `INTERACTIONS` come to where the ledger is empty and nothing is said by two sources."""
NOT_FIRST = """
SELECT 1 FROM main.triple UNION ALL SELECT 1 FROM main.interaction
UNION ALL SELECT 1 FROM stage.triple SEMI JOIN stage.shared USING (kind) GROUP BY kind, head, tail HAVING count(*) > 1
UNION ALL SELECT 1 FROM stage.interaction SEMI JOIN stage.shared USING (kind) GROUP BY kind, id HAVING count(*) > 1
LIMIT 1
"""
LOST = """
CREATE TABLE stage.triple_lost AS SELECT o.kind, o.head, o.tail, o.source FROM main.triple o
    JOIN stage.loaded l ON l.source = o.source JOIN main.kind k ON k.id = o.kind
    LEFT JOIN (SELECT c.head AS cls, e.key, e.source FROM stage.entity e JOIN main.kind c ON c.id = e.kind
        WHERE e.n > 0) e ON e.cls = k.head AND e.key = o.head AND e.source = o.source
    ANTI JOIN stage.triple n ON n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source
    WHERE l.removing OR (o.owned AND e.key IS NOT NULL)
    UNION SELECT o.kind, o.head, o.tail, o.source FROM main.triple o JOIN main.kind k ON k.id = o.kind
        SEMI JOIN (SELECT c.head AS cls, g.key FROM stage.gone g JOIN main.kind c ON c.id = g.kind) g
        ON g.cls = k.head AND g.key = o.head
    UNION SELECT o.kind, o.head, o.tail, o.source FROM main.triple o JOIN main.kind k ON k.id = o.kind
        SEMI JOIN (SELECT c.head AS cls, g.key FROM stage.gone g JOIN main.kind c ON c.id = g.kind) g
        ON g.cls = k.tail AND g.key = o.tail;
"""
TRIPLES = """
CREATE TABLE stage.triple_gone AS SELECT DISTINCT x.kind, x.head, x.tail FROM stage.triple_lost x
    ANTI JOIN stage.triple n ON n.kind = x.kind AND n.head = x.head AND n.tail = x.tail
    ANTI JOIN (SELECT o.kind, o.head, o.tail FROM main.triple o ANTI JOIN stage.triple_lost y
        ON y.kind = o.kind AND y.head = o.head AND y.tail = o.tail AND y.source = o.source) o
        ON o.kind = x.kind AND o.head = x.head AND o.tail = x.tail;
CREATE TABLE stage.triple_todo AS
    SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row, FALSE AS known FROM stage.triple n
    LEFT JOIN main.triple p ON p.kind = n.kind AND p.head = n.head AND p.tail = n.tail AND p.source = n.source
    WHERE p.kind IS NULL OR p.since IS DISTINCT FROM n.since OR p.until IS DISTINCT FROM n.until;
CREATE TABLE stage.triple_contested AS
    SELECT kind, head, tail FROM stage.triple_todo SEMI JOIN stage.shared USING (kind) GROUP BY ALL HAVING count(*) > 1
    UNION SELECT n.kind, n.head, n.tail FROM stage.triple_todo n SEMI JOIN main.triple o USING (kind, head, tail)
    UNION SELECT x.kind, x.head, x.tail FROM stage.triple_lost x ANTI JOIN stage.triple_gone USING (kind, head, tail);
DELETE FROM stage.triple_todo n WHERE EXISTS (SELECT 1 FROM stage.triple_contested c
    WHERE c.kind = n.kind AND c.head = n.head AND c.tail = n.tail);
INSERT INTO stage.triple_todo
    WITH claim AS (
        SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row, n.source, TRUE AS holds, CASE
            WHEN o.since IS NOT DISTINCT FROM n.since AND o.until IS NOT DISTINCT FROM n.until THEN o.began END AS began
        FROM stage.triple_contested JOIN stage.triple n USING (kind, head, tail)
        LEFT JOIN main.triple o ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail AND o.source = n.source
        UNION ALL SELECT o.kind, o.head, o.tail, o.since, o.until, o.file, o.row, o.source, TRUE, o.began
        FROM stage.triple_contested JOIN main.triple o USING (kind, head, tail)
        ANTI JOIN stage.triple n ON n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source
        ANTI JOIN stage.triple_lost x ON x.kind = o.kind AND x.head = o.head AND x.tail = o.tail AND x.source = o.source
        UNION ALL SELECT o.kind, o.head, o.tail, o.since, o.until, o.file, o.row, o.source, FALSE, o.began
        FROM stage.triple_contested JOIN main.triple o USING (kind, head, tail)),
    ranked AS (SELECT claim.*, s.name LIKE '(%)' AS follows, row_number() OVER (PARTITION BY kind, head, tail, holds
        ORDER BY s.name LIKE '(%)', since IS NULL AND until IS NULL, began DESC NULLS FIRST, claim.source DESC) AS place
        FROM claim JOIN main.source s ON s.id = claim.source)
    SELECT n.kind, n.head, n.tail, n.since, n.until, n.file, n.row, o.kind IS NOT NULL
    FROM (FROM ranked WHERE holds AND place = 1) n LEFT JOIN (FROM ranked WHERE NOT holds AND place = 1) o
        ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail
    WHERE o.kind IS NULL OR n.since IS DISTINCT FROM o.since OR n.until IS DISTINCT FROM o.until
        OR n.follows <> o.follows;
"""
"""`began` is NULL where a claim is new or has changed: it began with this load, after all others."""
INTERACTIONS = """
CREATE TABLE stage.interaction_lost AS SELECT o.kind, o.id, o.source FROM main.interaction o
    SEMI JOIN (FROM stage.loaded WHERE removing) l ON l.source = o.source
    ANTI JOIN stage.interaction n ON n.kind = o.kind AND n.id = o.id AND n.source = o.source
    UNION SELECT o.kind, o.id, o.source FROM main.interaction o JOIN main.kind k ON k.id = o.kind
        SEMI JOIN (SELECT c.head AS cls, g.key FROM stage.gone g JOIN main.kind c ON c.id = g.kind) g
        ON g.cls = k.head AND g.key = o.head
    UNION SELECT o.kind, o.id, o.source FROM main.interaction o JOIN main.kind k ON k.id = o.kind
        SEMI JOIN (SELECT c.head AS cls, g.key FROM stage.gone g JOIN main.kind c ON c.id = g.kind) g
        ON g.cls = k.tail AND g.key = o.tail;
CREATE TABLE stage.interaction_gone AS SELECT kind, id, head, tail FROM (
    SELECT o.*, row_number() OVER (PARTITION BY o.kind, o.id ORDER BY o.began DESC, o.source DESC) AS place
    FROM main.interaction o SEMI JOIN stage.interaction_lost x ON x.kind = o.kind AND x.id = o.id
    ANTI JOIN stage.interaction n ON n.kind = o.kind AND n.id = o.id
    ANTI JOIN (SELECT p.kind, p.id FROM main.interaction p
        ANTI JOIN stage.interaction_lost y ON y.kind = p.kind AND y.id = p.id AND y.source = p.source) p
        ON p.kind = o.kind AND p.id = o.id) WHERE place = 1;
CREATE TABLE stage.interaction_todo AS
    SELECT n.kind, n.id, n.head, n.tail, n.value, n.happened, n.file, n.row, FALSE AS known FROM stage.interaction n
    LEFT JOIN main.interaction p ON p.kind = n.kind AND p.id = n.id AND p.source = n.source
    WHERE p.kind IS NULL OR p.value <> n.value OR p.happened <> n.happened OR p.head <> n.head OR p.tail <> n.tail;
CREATE TABLE stage.interaction_contested AS
    SELECT kind, id FROM stage.interaction_todo SEMI JOIN stage.shared USING (kind) GROUP BY ALL HAVING count(*) > 1
    UNION SELECT n.kind, n.id FROM stage.interaction_todo n SEMI JOIN main.interaction o USING (kind, id)
    UNION SELECT x.kind, x.id FROM stage.interaction_lost x ANTI JOIN stage.interaction_gone USING (kind, id);
DELETE FROM stage.interaction_todo n WHERE EXISTS (SELECT 1 FROM stage.interaction_contested c
    WHERE c.kind = n.kind AND c.id = n.id);
INSERT INTO stage.interaction_todo
    WITH claim AS (
        SELECT n.kind, n.id, n.head, n.tail, n.value, n.happened, n.file, n.row, n.source, TRUE AS holds,
            CASE WHEN o.value = n.value AND o.happened = n.happened AND o.head = n.head AND o.tail = n.tail
            THEN o.began END AS began
        FROM stage.interaction_contested JOIN stage.interaction n USING (kind, id)
        LEFT JOIN main.interaction o ON o.kind = n.kind AND o.id = n.id AND o.source = n.source
        UNION ALL SELECT o.kind, o.id, o.head, o.tail, o.value, o.happened, o.file, o.row, o.source, TRUE, o.began
        FROM stage.interaction_contested JOIN main.interaction o USING (kind, id)
        ANTI JOIN stage.interaction n ON n.kind = o.kind AND n.id = o.id AND n.source = o.source
        ANTI JOIN stage.interaction_lost x ON x.kind = o.kind AND x.id = o.id AND x.source = o.source
        UNION ALL SELECT o.kind, o.id, o.head, o.tail, o.value, o.happened, o.file, o.row, o.source, FALSE, o.began
        FROM stage.interaction_contested JOIN main.interaction o USING (kind, id)),
    ranked AS (SELECT *, row_number() OVER
        (PARTITION BY kind, id, holds ORDER BY began DESC NULLS FIRST, source DESC) AS place FROM claim)
    SELECT n.kind, n.id, n.head, n.tail, n.value, n.happened, n.file, n.row, o.kind IS NOT NULL
    FROM (FROM ranked WHERE holds AND place = 1) n
    LEFT JOIN (FROM ranked WHERE NOT holds AND place = 1) o ON o.kind = n.kind AND o.id = n.id
    WHERE o.kind IS NULL OR n.value <> o.value OR n.happened <> o.happened OR n.head <> o.head OR n.tail <> o.tail;
"""
SETTLE_RANGE = """
INSERT INTO main.entity SELECT kind, key, source, properties, file, row, $at FROM stage.entity
WHERE rowid >= $first AND rowid < $end
    AND rowid IN (SELECT place FROM stage.entity_fresh WHERE place >= $first AND place < $end)
"""
"""What is said of some of the fresh ones."""
SETTLE = """
DELETE FROM main.entity o WHERE EXISTS (SELECT 1 FROM stage.entity_lost x
    WHERE x.kind = o.kind AND x.key = o.key AND x.source = o.source);
DELETE FROM main.entity o WHERE EXISTS (SELECT 1 FROM stage.entity_fresh n
    WHERE n.kind = o.kind AND n.key = o.key AND n.source = o.source);
INSERT INTO main.entity SELECT kind, key, source, properties, file, row, {at} FROM stage.entity WHERE alone;
DELETE FROM main.triple o WHERE EXISTS (SELECT 1 FROM stage.triple_lost x
    WHERE x.kind = o.kind AND x.head = o.head AND x.tail = o.tail AND x.source = o.source);
DELETE FROM main.triple o WHERE EXISTS (SELECT 1 FROM stage.triple n
    WHERE n.kind = o.kind AND n.head = o.head AND n.tail = o.tail AND n.source = o.source
    AND (n.since IS DISTINCT FROM o.since OR n.until IS DISTINCT FROM o.until OR n.owned <> o.owned));
INSERT INTO main.triple
    SELECT n.kind, n.head, n.tail, n.source, n.owned, n.since, n.until, n.file, n.row, {at} FROM stage.triple n
    ANTI JOIN main.triple o ON o.kind = n.kind AND o.head = n.head AND o.tail = n.tail AND o.source = n.source;
DELETE FROM main.interaction o WHERE EXISTS (SELECT 1 FROM stage.interaction_lost x
    WHERE x.kind = o.kind AND x.id = o.id AND x.source = o.source);
DELETE FROM main.interaction o WHERE EXISTS (SELECT 1 FROM stage.interaction n
    WHERE n.kind = o.kind AND n.id = o.id AND n.source = o.source
    AND (n.value <> o.value OR n.happened <> o.happened OR n.head <> o.head OR n.tail <> o.tail));
INSERT INTO main.interaction
    SELECT n.kind, n.id, n.source, n.head, n.tail, n.value, n.happened, n.file, n.row, {at} FROM stage.interaction n
    ANTI JOIN main.interaction o ON o.kind = n.kind AND o.id = n.id AND o.source = n.source;
"""
ALONE = "SELECT key, properties, file, row FROM stage.entity WHERE alone AND kind = $kind"
"""New entities of which one source speaks: written as they are."""
