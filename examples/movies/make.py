"""Makes this example catalog, in the form of a shop's export, from two public data sets.

    python make.py ML_LATEST_SMALL_FOLDER ML_1M_DBPEDIA_FOLDER OUT_FOLDER [--films N --users N]

`--films N --users N` keeps the N most rated films and the first N users who rated at least 20 of them.
It needs nothing but Python.
"""

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from dbpedia import ROLES, Credit, companies_among, display, fitting, read_credits, read_links
from titles import Film, split_title

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

SHELF = 4
"""A tag that one user alone put on more films is a private shelf ("getdvd", "toplist07"), not a description."""


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
