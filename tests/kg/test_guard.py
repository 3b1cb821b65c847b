"""What an analyst may not ask, however it is written, and what only looks like it."""

import random

import neo4j
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.guard import PROCEDURES, check_query
from kg.store import GraphStore
from kg.triples import Entity
from ontology.errors import InputError
from tests.graphs import driver

WRITES = ["CREATE", "MERGE", "SET", "DELETE", "DETACH DELETE", "REMOVE", "DROP", "FOREACH", "INSERT", "LOAD CSV"]
GAPS = [
    " ",
    "\n",
    "\t",
    "\r\n",
    "/**/",
    "/* CREATE */",
    "//\n",
    "// 'x\n",
    "\u00a0",
    "\u3000",
    "`x`",
    "''",
    '"\\""',
    ")",
]
"""What can stand between two words, or seem to quote what follows."""


def anycase(word: str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from([c.lower(), c.upper()]) for c in word)).map("".join)


@given(gap=st.lists(st.sampled_from(GAPS), min_size=1).map("".join), word=st.sampled_from(WRITES).flatmap(anycase))
def test_a_word_that_writes_is_refused_after_whatever(gap: str, word: str):
    with pytest.raises(InputError):
        check_query(f"MATCH (n) WITH n AS m{gap}{word} (x)")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "has to begin with one of CALL, EXPLAIN, MATCH"),
        ("// MATCH (n)\nCREATE (n)", "begins with 'CREATE'"),
        ("/* MATCH */ DROP CONSTRAINT x", "begins with 'DROP'"),
        ("GRANT ROLE admin TO eve", "begins with 'GRANT'"),
        ("CYPHER 5 CREATE (n)", "begins with 'CYPHER'"),
        ("START DATABASE neo4j", "begins with 'START'"),
        ("`MATCH` (n)", "has to begin with one of"),
        ("EXPLAIN CREATE (n)", "may only read, and this one says CREATE"),
        ("MATCH (n) WITH n AS `n`SET n.x = 1", "may only read, and this one says SET"),
        ("MATCH (n) WITH n LIMIT 1 SET n.x = 1", "may only read, and this one says SET"),
        ("RETURN 'it''s' CREATE (n)", "may only read, and this one says CREATE"),
        ("RETURN '\\\\' CREATE (n) //'", "may only read, and this one says CREATE"),
        ("MATCH (n {a: '/*'}) CREATE (m) RETURN '*/'", "may only read, and this one says CREATE"),
        ("MATCH (n) /* /* */ CREATE (m)", "may only read, and this one says CREATE"),
        ("MATCH (n) // \nCREATE (m)", "may only read, and this one says CREATE"),
        ("MATCH (n) CALL { WITH n DELETE n }", "may only read, and this one says DELETE"),
        ("MATCH (n) CALL (n) { SET n.x = 1 } IN TRANSACTIONS", "may only read, and this one says SET"),
        ("MATCH (n) WHERE EXISTS { CREATE (m) } RETURN n", "may only read, and this one says CREATE"),
        ("RETURN 1 UNION CREATE (n) RETURN 1", "may only read, and this one says CREATE"),
        ("RETURN 1; CREATE (n)", "may only read, and this one says CREATE"),
        ("MATCH (n) USE neo4j RETURN n", "may only read, and this one says USE"),
        ("RETURN 1 AS set", "a name like that needs `backticks`"),
        ("MATCH (n) \\u0043REATE (m)", "escapes are not allowed"),
        ("RETURN '\\u0027 CREATE (n) //'", "escapes are not allowed"),
        ("RETURN '\\\\u0027 CREATE (n) //'", "escapes are not allowed"),
        ("UNWIND [1] AS x LOAD CSV FROM 'file:///etc/passwd' AS l RETURN l", "LOAD CSV reads files"),
        ("UNWIND [1] AS x load/**/csv FROM 'file:///etc/passwd' AS l RETURN l", "LOAD CSV reads files"),
        ("CALL apoc.load.json('file:///etc/passwd')", "procedure 'apoc.load.json' is not allowed"),
        ("CALL `apoc`.`load`.`json`('x')", "procedure 'apoc.load.json' is not allowed"),
        ("CALL/**/dbms.listConfig()", "procedure 'dbms.listConfig' is not allowed"),
        ("MATCH (n) CALL db.createLabel('x') RETURN n", "procedure 'db.createLabel' is not allowed"),
        ("CALL { CALL dbms.components() YIELD name RETURN name } RETURN name", "'dbms.components' is not allowed"),
        ("CALL db . labels ()", "procedure 'db' is not allowed"),
        ("RETURN apoc.util.md5(['x'])", "function 'apoc.util.md5' is not allowed"),
        ("RETURN apoc . util /**/ . md5 (['x'])", "function 'apoc.util.md5' is not allowed"),
        ("RETURN `apoc`.`util`.`md5`(['x'])", "function 'apoc.util.md5' is not allowed"),
        ("RETURN graph.byName('x')", "function 'graph.byName' is not allowed"),
    ],
)
def test_it_is_refused_with_its_reason(query: str, message: str):
    with pytest.raises(InputError) as caught:
        check_query(query)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "MATCH (n) RETURN n",
        "  \n// CREATE (n)\nMATCH (n) /* SET n.x = 1 */ RETURN n // DELETE n",
        "OPTIONAL MATCH (n:Film) WHERE n.name = 'CREATE (x)' RETURN n",
        'UNWIND ["MERGE", "it\'s; DELETE n", "\\" SET "] AS word RETURN word',
        "WITH 1 AS x RETURN x AS created, x AS `SET x`, x AS settings, x AS offset",
        "MATCH (n:Set {delete: 1}) RETURN n",
        "MATCH (n:CREATE)-[:MERGE|DELETE]->(m:`LOAD CSV`) WHERE n.set > $remove RETURN n.`call x()`",
        "MATCH (n) WHERE n.load = 1 AND n.csv = 2 RETURN n",
        "MATCH (n) CALL { WITH n RETURN n.x AS x } RETURN x",
        "MATCH (n) CALL (n) { RETURN n.x AS x } RETURN x",
        "MATCH (n) WHERE EXISTS { (n)-->() } AND COUNT { (n)--() } > 1 RETURN n",
        "RETURN date('2024-01-01'), datetime.fromEpochMillis(0), duration.between(date(), date())",
        "RETURN count(*), size([x IN range(1, 3) WHERE x > 1 | x * 2]), toUpper('create')",
        "RETURN '', \"\", '\\'', \"\\\\\", `a``b`",
        "EXPLAIN MATCH (n) RETURN n",
        "PROFILE MATCH (n) RETURN n;",
        *(f"CALL {name}()" for name in sorted(PROCEDURES)),
        "CALL db.labels() YIELD label RETURN label",
        "CALL DB.Labels",
        "CALL `db`.`labels`()",
    ],
)
def test_it_passes(query: str):
    check_query(query)


QUOTED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\")) | st.sampled_from(WRITES)


@given(text=QUOTED, quote=st.sampled_from("'\"`"))
def test_nothing_in_quotes_matters(text: str, quote: str):
    inside = text.replace(quote, quote + quote if quote == "`" else "\\" + quote)
    check_query(f"MATCH (n) WITH n AS x, {quote}{inside}{quote} AS y RETURN y")


@given(text=QUOTED)
def test_nothing_in_a_comment_matters(text: str):
    check_query(f"MATCH (n) /* {text.replace('*/', '')} */ RETURN n")
    check_query(f"MATCH (n) // {text.replace(chr(10), '').replace(chr(13), '')}\nRETURN n")


BEGINNINGS = ["MATCH (n)", "WITH 1 AS x", "CALL { RETURN 1 AS z }", "EXPLAIN", "CALL"]
OPEN_BEGINNINGS = [
    "WITH 1 AS",
    "MATCH (n) WITH n AS",
    "WITH 1 AS x WHERE x =",
    "MATCH (n) WITH n LIMIT",
    "MATCH (n) WHERE n.x =",
]
SIGNS = r"""' " ` \ \' ; , . .. : | & ! $ ( { } [ ] */ // 0 1. 0x1 x n.x $p ² é date""".split()  # noqa: SIM905
PHRASES = ["AS `y`", "WHERE true", "WHERE x=1", "LIMIT 1", "WITH *", "RETURN 1", "UNION", "EXISTS {", "COUNT {"]
MIDDLES = [*GAPS, *SIGNS, *PHRASES, "", "\u2028", "\x0b"]
CHANGES = ["CREATE (:Bad)", "MERGE (:Bad)", "SET n.x=1", "DETACH DELETE n", "CREATE(:Bad)", "CREATE:Bad", "SET:n.x=1"]
ENDS = ["", " RETURN 1", "}", "} RETURN 1", "*/", "//x", "'", "`"]


def test_what_passes_changes_nothing_in_either_database(store: GraphStore):
    """Thousands of broken and odd texts around a change: what the guard lets through, the database does not take."""
    store.upsert_entities([Entity("Brand", "b")])
    dice = random.Random(7)
    changed = 0
    with driver(store.address) as direct:
        for turn in range(6000):
            middle = "".join(dice.choice(MIDDLES) + dice.choice(["", " "]) for _ in range(dice.randrange(4)))
            text = (
                dice.choice(BEGINNINGS + OPEN_BEGINNINGS)
                + " " * dice.randrange(2)
                + middle
                + dice.choice(CHANGES)
                + dice.choice(ENDS)
            )
            passes = allowed(text)
            if passes or turn % 20 == 0:
                changes = changed_by(direct, text)
                assert not (passes and changes), text
                changed += changes
    assert changed, "none of the texts that were refused would have changed anything"


def allowed(text: str) -> bool:
    try:
        check_query(text)
    except InputError:
        return False
    return True


def changed_by(direct: neo4j.Driver, text: str) -> bool:
    """Whether it changes anything, asked by one who may write; and taken back."""
    with direct.session() as session, session.begin_transaction(timeout=5) as transaction:
        try:
            return transaction.run(text, {"p": 1}).consume().counters.contains_updates
        except neo4j.exceptions.Neo4jError:
            return False
        finally:
            transaction.close()
