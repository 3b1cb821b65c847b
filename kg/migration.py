"""What a graph has to have before it is written to: its constraints, each made once and noted.

Neo4j makes the index of a constraint first. Cut short after that (a client killed, a connection lost) it keeps the
index, for ever "populating", and refuses the constraint because of it: https://github.com/neo4j/neo4j/issues/13208.
"""

from time import sleep, time

from kg import cypher
from kg.bolt import Bolt, IndexTakenError
from ontology.errors import StoreError
from ontology.model import Ontology

LOOK_S, LOOKS = 0.5, 10
"""So often, and so many times in a row, an index has to be seen complete and without its constraint to be a rest."""


def migrate(bolt: Bolt, ontology: Ontology) -> list[str]:
    """Add the constraints that a graph lacks, record each as (:Migration {id, at}), and give their ids.

    Raises StoreError.
    """
    applied = {row["id"] for row in bolt.read("MATCH (m:Migration) RETURN m.id AS id")}
    missing = {id_: text for id_, text in cypher.migrations(ontology).items() if id_ not in applied}
    # A schema change is a transaction of its own in both databases; IF NOT EXISTS makes a torn series harmless.
    for id_, statement in missing.items():
        _constrain(bolt, id_, statement)
    # Last, and together: where two migrate at once, nodes are not written while their constraint is being made.
    record = "UNWIND $ids AS id MERGE (m:Migration {id: id}) SET m.at = $at"
    if missing:
        bolt.write(record, ids=list(missing), at=int(time() * 1000))
    return list(missing)


def _constrain(bolt: Bolt, id_: str, statement: str) -> None:
    """Make a constraint, after whoever else makes it now; what is left of one that was cut short goes."""
    complete = 0
    while True:
        try:
            bolt.write(statement)
        except IndexTakenError as error:
            state = _index_alone(bolt, id_)
            if state is not None and state[0] != "POPULATING":
                raise StoreError(f"{error} It is not of a constraint; say DROP INDEX {id_} and try again") from error
            complete = complete + 1 if state == ("POPULATING", 100.0) else 0
            if complete == LOOKS:
                bolt.write(f"DROP INDEX {id_} IF EXISTS")  # which is refused where a constraint has it by now
                complete = 0
            else:
                sleep(LOOK_S)
        else:
            return


def _index_alone(bolt: Bolt, id_: str) -> tuple[str, float] | None:
    """State and percentage of an index that no constraint has; None where there is none by now."""
    show = "SHOW INDEXES YIELD name, owningConstraint, state, populationPercent"
    found = bolt.read(f"{show} WHERE name = $id AND owningConstraint IS NULL", id=id_)
    return next(((row["state"], row["populationPercent"]) for row in found), None)
