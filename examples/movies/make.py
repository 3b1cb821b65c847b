"""Makes this example catalog, in the form of a shop's export, from two public data sets.

    python make.py ML_LATEST_SMALL_FOLDER ML_1M_DBPEDIA_FOLDER OUT_FOLDER [--films N --users N]

`--films N --users N` keeps the N most rated films and the first N users who rated at least 20 of them.
It needs nothing but Python.
"""

import argparse
import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from titles import fold, parts, split_title

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

BROADER = {
    "Action": "Action and Adventure",
    "Adventure": "Action and Adventure",
    "War": "Action and Adventure",
    "Western": "Action and Adventure",
    "Crime": "Suspense",
    "Mystery": "Suspense",
    "Thriller": "Suspense",
    "Film-Noir": "Crime",
    "Fantasy": "Speculative Fiction",
    "Horror": "Speculative Fiction",
    "Sci-Fi": "Speculative Fiction",
}
"""Our own small tree over MovieLens's genres."""

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

SHELF = 4
"""A tag that one user alone put on more films is a private shelf ("getdvd", "toplist07"), not a description."""


class Film(NamedTuple):
    """A line of films.csv."""

    film_id: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    other_titles: tuple[str, ...]


class Credit(NamedTuple):
    """A line of credits.csv, before it is known whether a person or a company is meant."""

    film_id: str
    role: str
    agent: str


def read_csv(path: Path) -> list[dict[str, str]]:
    """All lines of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_films(path: Path) -> dict[str, Film]:
    """The films of MovieLens by id."""
    films = {}
    for row in read_csv(path):
        title, others, year = split_title(row["title"])
        genres = tuple(g for g in row["genres"].split("|") if g != "(no genres listed)")
        films[row["movieId"]] = Film(row["movieId"], title, year, genres, others)
    return films


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


def described(tags: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Distinct (film id, tag) without private shelves."""
    users, films = defaultdict(set), defaultdict(set)
    for row in tags:
        tag = " ".join(row["tag"].lower().split())
        users[tag].add(row["userId"])
        films[tag].add(row["movieId"])
    shelves = sorted(t for t in films if len(users[t]) == 1 and len(films[t]) > SHELF)
    print(f"{len(films) - len(shelves)} tags, {len(shelves)} private ones left out: {', '.join(shelves)}")
    return sorted(((f, t) for t in films if t not in shelves for f in films[t]), key=lambda x: (int(x[0]), x[1]))


def subset(ratings: list[dict[str, str]], n_films: int | None, n_users: int | None) -> tuple[set[str], set[str]]:
    """The most rated films, and the first users who rated at least 20 of them."""
    films = {f for f, _ in Counter(r["movieId"] for r in ratings).most_common(n_films)}
    rated = Counter(r["userId"] for r in ratings if r["movieId"] in films)
    users = sorted((u for u, n in rated.items() if n >= 20), key=int)
    return films, set(users[:n_users])


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file; None is an empty cell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_agents(path: Path, agents: Iterable[str], uris: dict[str, str]) -> None:
    """Write people or companies, one JSON object a line."""
    lines = ({"id": a, "name": display(a), "dbpedia": uris[a]} for a in sorted(agents))
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def write_movielens(
    out: Path, films: Iterable[Film], tags: Iterable[Sequence[str]], ratings: Iterable[Sequence[str]]
) -> None:
    """Write the files that follow the terms of MovieLens."""
    rows = [(f.film_id, f.title, f.year, "|".join(f.genres), "|".join(f.other_titles)) for f in films]
    write_csv(out / "films.csv", ("film_id", "title", "year", "genres", "other_titles"), rows)
    genres = {g for row in rows for g in row[3].split("|") if g}
    while missing := {BROADER[g] for g in genres if g in BROADER} - genres:
        genres |= missing
    write_csv(out / "genres.csv", ("genre", "broader"), [(g, BROADER.get(g)) for g in sorted(genres)])
    write_csv(out / "tags.csv", ("film_id", "tag"), tags)
    write_csv(out / "ratings.csv", ("user_id", "film_id", "rating", "rated_at"), ratings)


def write_dbpedia(
    out: Path, links: dict[str, str], credits: list[Credit], uris: dict[str, str], companies: set[str]
) -> None:
    """Write the files that follow the terms of DBpedia."""
    order = list(ROLES.values())
    credits = sorted(credits, key=lambda c: (int(c.film_id), order.index(c.role)))
    agents = {c.agent for c in credits}
    write_csv(out / "links.csv", ("film_id", "dbpedia"), [(f, links[f]) for f in sorted(links, key=int)])
    write_agents(out / "people.jsonl", agents - companies, uris)
    write_agents(out / "companies.jsonl", agents & companies, uris)
    rows = [(c.film_id, c.role, *((None, c.agent) if c.agent in companies else (c.agent, None))) for c in credits]
    write_csv(out / "credits.csv", ("film_id", "role", "person_id", "company_id"), rows)


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("movielens", type=Path)
    parser.add_argument("dbpedia", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=int)
    parser.add_argument("--users", type=int)
    return parser.parse_args()


def main() -> None:
    """Read both data sets, write the catalog."""
    args = arguments()
    films = read_films(args.movielens / "movies.csv")
    ratings = read_csv(args.movielens / "ratings.csv")
    tags = described(read_csv(args.movielens / "tags.csv"))
    links = read_links(args.dbpedia / "mappings.tsv", films)
    credits, uris = read_credits(args.dbpedia, links)
    companies = companies_among(credits)
    credits = fitting(credits, companies)
    kept, users = set(films), {r["userId"] for r in ratings}
    if args.films or args.users:
        kept, users = subset(ratings, args.films, args.users)

    args.out.mkdir(parents=True, exist_ok=True)
    write_movielens(
        args.out,
        [film for film in films.values() if film.film_id in kept],
        [tag for tag in tags if tag[0] in kept],
        [tuple(r.values()) for r in ratings if r["movieId"] in kept and r["userId"] in users],
    )
    write_dbpedia(
        args.out,
        {film_id: uri for film_id, uri in links.items() if film_id in kept},
        [credit for credit in credits if credit.film_id in kept],
        uris,
        companies,
    )


if __name__ == "__main__":
    main()
