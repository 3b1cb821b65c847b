"""The credits of films in DBpedia, and which of them make sense."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from titles import Film, fold, parts

DBPEDIA = "http://dbpedia.org/resource/"
ROLES = {
    "director": "director",
    "starring": "starring",
    "writer": "writer",
    "producer": "producer",
    "musicComposer": "composer",
    "cinematography": "cinematographer",
    "editing": "editor",
    "distributor": "distributor",
}
"""DBpedia's relation -> what it is called in credits.csv."""

COMPANY = re.compile(r"_(Pictures|Films?|Entertainment|Productions?|Studios?|Records|Company|Television)(_\(.*\))?$")
COMPANIES_IN_CREDITS = {"Viacom_18"}
"""As often a producer as a distributor, and no name that tells."""

NAMESAKES = {"To_Die_For_(1994_film)"}
"""Another film of the same name and nearly the same year."""

NOT_AGENTS = re.compile(
    r"(^|_\()(\d{4}_film|film|novel)\)$|^Imdbname:|^nm\d+$|\.html$|^$|Society_of_Cinematographers$"
    r"|^(A\.S\.C\.|A\.C\.E\.|Co-producer|DC|VHS|The_Bishop's_Wife|The_Midwich_Cuckoos)$"
)
"""What DBpedia's infoboxes give as a person or company and is none: works, societies, leftovers of markup."""


class Credit(NamedTuple):
    """A line of credits.csv, before it is known whether a person or a company is meant."""

    film_id: str
    role: str
    agent: str


def resource(uri: str) -> str:
    """The local name of a DBpedia resource, decoded. It is the id in this catalog."""
    return unquote(uri.removeprefix(DBPEDIA)).lstrip("_")


def display(local: str) -> str:
    """`Gene_Wilder_(actor)` -> `Gene Wilder`."""
    return re.sub(r"_\([^()]*\)$", "", local).replace("_", " ").strip()


def same_film(film: Film, local: str) -> bool:
    """Whether a DBpedia resource is this film: 1 in 12 of the published mapping is a sequel, remake or namesake."""
    year = re.search(r"\((\d{4})_", local)
    if local in NAMESAKES or (year and film.year and abs(int(year[1]) - film.year) > 1):
        return False
    return fold(display(local)) in {fold(t) for t in film.other_titles} | parts(film.title)


def read_links(path: Path, films: dict[str, Film]) -> dict[str, str]:
    """Film id -> URI of its DBpedia resource, for the films where the two agree."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    known = [(film_id, uri) for film_id, _, uri in rows if film_id in films]
    links = {film_id: uri for film_id, uri in known if same_film(films[film_id], resource(uri))}
    print(f"{len(known)} films mapped to DBpedia, {len(known) - len(links)} of them left out: another film's resource")
    return links


def read_credits(folder: Path, links: dict[str, str]) -> tuple[list[Credit], dict[str, str]]:
    """The credits of the linked films, and the URI of each agent in them."""
    film_of = {uri: film_id for film_id, uri in links.items()}
    found: dict[Credit, None] = {}
    uris: dict[str, str] = {}
    nonsense: Counter[str] = Counter()
    for relation, role in ROLES.items():
        for line in (folder / f"{relation}.edgelist").read_text(encoding="utf-8").splitlines():
            head, _, tail = line.partition(" ")
            if head not in film_of:
                continue
            if tail in film_of or not tail.startswith(DBPEDIA) or NOT_AGENTS.search(resource(tail)):
                nonsense[tail] += 1
                continue
            found[Credit(film_of[head], role, resource(tail))] = None
            uris[resource(tail)] = tail
    print(f"{len(found)} credits, {sum(nonsense.values())} left out: {', '.join(map(resource, sorted(nonsense)))}")
    return list(found), uris


def companies_among(credits: Iterable[Credit]) -> set[str]:
    """The agents that distribute more often than they do anything else, or whose name says so."""
    roles: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for credit in credits:
        roles[credit.agent][credit.role == "distributor"] += 1
    return {a for a, n in roles.items() if n[True] > n[False] or COMPANY.search(a)} | COMPANIES_IN_CREDITS & set(roles)


def fitting(credits: list[Credit], companies: set[str]) -> list[Credit]:
    """Without people who distribute, and without companies that act, write or direct."""
    kept = [c for c in credits if c.role == "producer" or (c.role == "distributor") == (c.agent in companies)]
    print(f"{len(credits) - len(kept)} credits left out: a person as distributor, or a company in a person's role")
    return kept
