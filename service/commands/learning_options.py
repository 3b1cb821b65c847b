"""Options of the commands that learn."""

from typing import get_args

import click

from embed.split import SplitBy

split = click.option(
    "--split",
    default="user",
    show_default=True,
    type=click.Choice(get_args(SplitBy)),
    help="Keep back the last part of each user's history, their last like alone, or all after one moment.",
)
seed = click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="The same seed gives the same bundle on the same machine.",
)
device = click.option("--device", default="cpu", show_default=True, help="Where to learn: cpu or cuda.")
