"""What `kg recommend`, `similar` and `explain` print."""

import json
from collections.abc import Sequence

from retrieval.answer import Answer, Explanation
from service import console


def answered(heading: str, given: Answer) -> None:
    """Print recommendations, each with its explanation."""
    console.line(heading, style="bold")
    for item in given.recommendations:
        console.line(f"{item.rank:>3}. {item.name} ({item.id}) {item.score:.3f}")
        if item.explanation:
            console.line(f"     {item.explanation.text}", style="dim")
    if given.cold:
        console.out.print("No history is known, so these are the most popular.", style="yellow")
    if given.degraded:
        console.out.print(f"Missing from this answer: {', '.join(given.degraded)}", style="yellow")


def explained(found: Explanation, proof: Sequence[Sequence[object]] | None) -> None:
    """Print a path in words, its Cypher with parameters, and the rows the graph gave."""
    console.line(found.text)
    if found.cypher:
        console.line(f"\n{found.cypher}\n{json.dumps(dict(found.parameters), ensure_ascii=False)}")
    if proof is not None:
        console.line(f"The graph returned: {proof}")
