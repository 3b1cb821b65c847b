"""Numbers within bounds, as types: what they say is checked where text comes in, and read everywhere else."""

from typing import Annotated

from annotated_types import Ge, Gt, Lt

Count = Annotated[int, Ge(1)]
"""At least one."""
Natural = Annotated[int, Ge(0)]
"""None, or some."""
Positive = Annotated[float, Gt(0)]
"""More than nothing."""
NonNegative = Annotated[float, Ge(0)]
"""Nothing, or more."""
Part = Annotated[float, Ge(0), Lt(1)]
"""A part of a whole, but not all of it."""
