"""Options that several commands have."""

import click

machine = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
only = click.option("--filter", metavar="EXPRESSION", help='Only such items, as: genre is_a "Crime" and year >= 1990')
count = click.option("-n", default=10, show_default=True, help="How many to print.", type=click.IntRange(1, 1000))
