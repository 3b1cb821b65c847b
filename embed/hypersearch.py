"""Looks for better hyper-parameters within a budget: trials whose values Optuna proposes by those before.

The first trial is the values as they stand, so that what is called better has beaten them on the same data. All trials
are in a file as soon as each has ended: a search that was killed goes on there.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import optuna
import orjson
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from pydantic import TypeAdapter, ValidationError

from kg.progress import Progress, silent
from kg.replacing import replace_file
from ontology.errors import InputError, StoreError

RATIO = 10
"""Where the ends of a range are so far apart, or farther, it is searched by orders of magnitude."""
DIGITS = 3
"""Of a number that is proposed."""
PROPOSALS = 100
"""Where none of so many is new, all has been tried."""
STARTUP = 10
"""So many trials are at random before any is proposed by those before."""


@dataclass(frozen=True)
class Score:
    """What a trial is worth, more is better, and half of its 95 % confidence interval."""

    value: float
    margin: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One set of values, name -> JSON; those that are not there are as they stand. `failed`: why it has no score."""

    values: Mapping[str, str]
    score: Score | None
    seconds: float
    failed: str = ""


@dataclass(frozen=True)
class Budget:
    """`trials` in all, those of a search that was interrupted included; `seconds` from now on."""

    trials: int
    seconds: float = math.inf


Objective = Callable[[Mapping[str, str]], Score]
"""Raises InputError for values that cannot be used."""
_TRIALS = TypeAdapter(list[Trial])


class Space:
    """What is varied, and where it may lie: name -> `0.1..10`, `1..4` (whole numbers), or a JSON list of values."""

    def __init__(self, ranges: Mapping[str, str]) -> None:
        """Raises InputError where one is neither a range nor a list."""
        self.distributions = {name: _distribution(name, text) for name, text in ranges.items()}

    def ends(self) -> Iterator[tuple[str, str]]:
        """Name and value, as JSON: both ends of each range and each value of a list, so that they can be tried out."""
        for name, lies in self.distributions.items():
            if isinstance(lies, CategoricalDistribution):
                yield from ((name, str(choice)) for choice in lies.choices)
            elif isinstance(lies, FloatDistribution | IntDistribution):
                yield from ((name, _json(end)) for end in (lies.low, lies.high))


def search(
    space: Space, objective: Objective, budget: Budget, path: Path, *, seed: int = 0, progress: Progress = silent
) -> list[Trial]:
    """Try values until the budget is used up; give all trials, the values as they stand first.

    `path` is the file of the trials, for this space and objective alone. No trial is begun that would take longer than
    there is time, going by the longest before. Raises StoreError where the file cannot be written.
    """
    began, trials = time.monotonic(), _read(path)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Of a search that goes on, the random numbers are others than those before.
    sampler = optuna.samplers.TPESampler(seed=seed + len(trials), n_startup_trials=STARTUP)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in trials[1:]:
        study.add_trial(_told(space, trial))
    while len(trials) < budget.trials:
        progress("tune", len(trials), budget.trials)
        longest = max((trial.seconds for trial in trials), default=0.0)
        if trials and time.monotonic() - began + longest > budget.seconds:
            break
        proposed = _new(study, space, trials) if trials else {}
        if proposed is None:
            break
        trial = _tried(objective, proposed)
        if proposed:
            study.add_trial(_told(space, trial))
        trials.append(trial)
        _write(path, trials)
    return trials


def best(trials: list[Trial]) -> Trial | None:
    """The one with the highest score; of two, the earlier one."""
    return max((trial for trial in trials if trial.score), key=_value, default=None)


def _new(study: optuna.Study, space: Space, trials: list[Trial]) -> dict[str, str] | None:
    """Values that were not tried yet; None where there seem to be none left."""
    tried = [trial.values for trial in trials]
    for _ in range(PROPOSALS):
        asked = study.ask(dict(space.distributions))
        values = {name: _json(value) for name, value in asked.params.items()}
        study.tell(asked, state=TrialState.FAIL)  # it is told with its score as a trial of its own, or was before
        if values not in tried:
            return values
    return None


def _value(trial: Trial) -> float:
    return trial.score.value if trial.score else -math.inf


def _tried(objective: Objective, values: Mapping[str, str]) -> Trial:
    began, score, failed = time.monotonic(), None, ""
    try:
        score = objective(values)
    except InputError as error:
        failed = str(error)
    return Trial(values, score, round(time.monotonic() - began, 1), failed)


def _told(space: Space, trial: Trial) -> optuna.trial.FrozenTrial:
    """A trial of an earlier search, as Optuna takes it."""
    params = {
        name: trial.values[name] if isinstance(lies, CategoricalDistribution) else orjson.loads(trial.values[name])
        for name, lies in space.distributions.items()
    }
    value = trial.score.value if trial.score else None
    return create_trial(params=params, distributions=dict(space.distributions), value=value, state=_state(trial))


def _state(trial: Trial) -> TrialState:
    return TrialState.COMPLETE if trial.score else TrialState.FAIL


def _distribution(name: str, text: str) -> BaseDistribution:
    try:
        low, dots, high = text.partition("..")
        ends = [orjson.loads(end) for end in (low, high)] if dots else orjson.loads(text)
        if not dots and isinstance(ends, list) and ends:
            return CategoricalDistribution([_json(value) for value in ends])
        if dots and all(type(end) in (int, float) for end in ends) and ends[0] < ends[1]:
            low_end, high_end = ends
            apart = low_end > 0 and high_end / low_end >= RATIO
            if all(type(end) is int for end in ends):
                return IntDistribution(low_end, high_end, log=apart)
            return FloatDistribution(low_end, high_end, log=apart)
    except orjson.JSONDecodeError:
        pass
    raise InputError(f"{name}={text} is no range; give LOW..HIGH such as 0.01..0.5 or 1..4, or a list such as [16,32]")


def _json(value: object) -> str:
    """A number with the digits that matter; of a choice, its own text."""
    if isinstance(value, str):
        return value
    return orjson.dumps(float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value).decode()


def _read(path: Path) -> list[Trial]:
    """The trials of an earlier search; none where there was none."""
    try:
        return _TRIALS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path} cannot be read as the trials of a search; remove it to search anew") from error


def _write(path: Path, trials: list[Trial]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, orjson.dumps([asdict(trial) for trial in trials], option=orjson.OPT_INDENT_2).decode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})") from error
