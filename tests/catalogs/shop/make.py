"""Makes this little shop: products, a category tree, brands, and customers who each like two categories and one brand.

    python make.py OUT_FOLDER

The same seed gives the same files.
"""

import csv
import json
import random
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

CATEGORIES = {
    "kitchen": ("Kitchen", ""),
    "knives": ("Knives", "kitchen"),
    "pans": ("Pans", "kitchen"),
    "coffee": ("Coffee and Tea", "kitchen"),
    "outdoor": ("Outdoor", ""),
    "tents": ("Tents", "outdoor"),
    "cooking": ("Camp Cooking", "outdoor"),
    "lights": ("Lights", "outdoor"),
}
BRANDS = {"hartmann": "Hartmann & Söhne", "fjell": "Fjell", "caldera": "Caldera", "山川": "山川 (Yamakawa)"}
PRODUCTS = {
    "knives": ("Chef's Knife", "Bread Knife", "Paring Knife", "Cleaver", 'Santoku 7"'),
    "pans": ("Frying Pan", "Wok", "Sauté Pan", "Grill Pan", "Stock Pot"),
    "coffee": ("Moka Pot", "Kettle", "Teapot", "Grinder", "Pour-over Set"),
    "tents": ("One-Person Tent", "Family Tent", "Tarp", "Bivouac", "Beach Shelter"),
    "cooking": ("Gas Stove", "Mess Kit", "Spirit Burner", "Cool Box", "Titanium Mug"),
    "lights": ("Headlamp", "Lantern", "Torch", "String Lights", "Candle Lantern"),
}
TWO_CATEGORIES = {"Kettle": "coffee/cooking", "Candle Lantern": "lights/coffee", "Titanium Mug": "cooking/coffee"}
START = datetime(2024, 3, 1, 8, tzinfo=UTC)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> None:
    """Write a CSV or TSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def products(dice: random.Random) -> list[tuple[str, str, str, str, str, str, str]]:
    """(sku, title, brand, categories, price, in stock, since); 30 plain products and 10 in a second make."""
    named = [(category, title) for category, titles in PRODUCTS.items() for title in titles]
    rows = []
    for number, (category, title) in enumerate([*named, *dice.sample(named, 10)]):
        second = number >= len(named)
        price = dice.randrange(900, 24_000, 50) / 100
        since = (START - timedelta(days=dice.randrange(1, 900))).date()
        rows.append(
            (
                f"{category[:2].upper()}-{100 + number}",
                f"{title} Pro" if second else title,
                dice.choice(list(BRANDS)),
                TWO_CATEGORIES.get(title, category),
                f"{price:.2f}",
                dice.choice(("yes", "yes", "yes", "no")),
                since.isoformat(),
            )
        )
    return rows


def events(dice: random.Random, catalog: Sequence[Sequence[str]]) -> list[dict[str, object]]:
    """About 400 views and purchases of 30 customers, oldest first."""
    found: list[dict[str, object]] = []
    for customer in range(1, 31):
        liked = dice.sample(list(PRODUCTS), 2)
        brand = dice.choice(list(BRANDS))
        mine = [p for p in catalog if p[3].split("/")[0] in liked or (p[2] == brand and dice.random() < 0.3)]
        time = START + timedelta(hours=dice.randrange(24 * 30))
        for product in dice.sample(mine, min(len(mine), dice.randrange(8, 13))):
            time += timedelta(minutes=dice.randrange(1, 4000))
            seen = {"customer": f"c{customer:02}", "sku": product[0], "time": time.strftime("%Y-%m-%dT%H:%M:%SZ")}
            found.append({**seen, "event": "view", "quantity": 1})
            if dice.random() < 0.4:
                bought = (time + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
                found.append({**seen, "time": bought, "event": "purchase", "quantity": dice.choice((1, 1, 2))})
    found.sort(key=lambda event: (str(event["time"]), str(event["customer"])))
    return [{"id": f"e{number:04}", **event} for number, event in enumerate(found, start=1)]


def main(out: Path) -> None:
    """Write the files."""
    dice = random.Random(7)
    catalog = products(dice)
    write_table(out / "products.csv", ("sku", "title", "brand", "categories", "price", "in_stock", "since"), catalog)
    write_table(out / "categories.csv", ("slug", "name", "parent"), [(s, *rest) for s, rest in CATEGORIES.items()])
    write_table(out / "brands.tsv", ("brand", "full name"), BRANDS.items(), delimiter="\t")
    lines = (json.dumps(event, ensure_ascii=False) + "\n" for event in events(dice, catalog))
    (out / "events.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
