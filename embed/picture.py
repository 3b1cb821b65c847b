"""The learning curves of trainings as a picture (SVG): a panel for each phase that has epochs."""

import io
import os
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from embed.record import Curves, is_loss

# matplotlib keeps a list of fonts below the home folder. It gets a folder that goes away with the process.
_scratch = tempfile.TemporaryDirectory(prefix="kgrec-matplotlib-", ignore_cleanup_errors=True)
os.environ.setdefault("MPLCONFIGDIR", _scratch.name)

from matplotlib import rc_context  # noqa: E402  (reads MPLCONFIGDIR)
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

COLUMNS = 3
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Told apart by colour-blind people as well (Okabe and Ito 2008)."""
_UNNAMED = "_"
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "kgrec", "font.size": 9}
"""Text stays text, and the same curves give the same picture."""


def draw(trainings: Mapping[str, Curves]) -> str:
    """An SVG of what was measured after each epoch, by training and phase; the best of a measure has a dot.

    Losses are drawn against the left axis, that of what was kept back dotted; what more of is better is dashed, against
    the right one.
    """
    phases = list(dict.fromkeys(phase for curves in trainings.values() for phase in curves))
    rows = max(1, -(-len(phases) // COLUMNS))
    with rc_context(_SVG):
        figure = Figure(figsize=(4 * COLUMNS, 2.8 * rows + 0.4), layout="constrained")
        for number, phase in enumerate(phases):
            axes = figure.add_subplot(rows, COLUMNS, number + 1, title=phase, xlabel="epoch")
            _panel(axes, {name: curves[phase] for name, curves in trainings.items() if phase in curves})
        if not phases:
            figure.text(0.5, 0.5, "no curves were written down", ha="center")
        lines = {str(line.get_label()): line for axes in figure.axes for line in axes.lines}
        shown = {label: line for label, line in lines.items() if label != _UNNAMED}
        figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=4, frameon=False)
        return _svg(figure)


def _panel(axes: Axes, measured: Mapping[str, Mapping[str, list[float]]]) -> None:
    right: Axes | None = None
    for colour, (training, curves) in zip(_colours(len(measured)), measured.items(), strict=True):
        for measure, values in curves.items():
            loss = is_loss(measure)
            if not loss and right is None:
                right = axes.twinx()
                right.set_ylabel(measure)
            on = axes if loss or right is None else right
            best = min(values) if loss else max(values)
            label = f"{training}: {measure if loss else 'what is judged by'}"
            line = "--" if not loss else "-" if measure == "loss" else ":"
            epochs = range(1, len(values) + 1)
            on.plot(epochs, values, color=colour, linestyle=line, linewidth=1.4, label=label)
            on.plot([values.index(best) + 1], [best], "o", color=colour, markersize=4, label=_UNNAMED)
    axes.set_ylabel("loss")
    axes.grid(alpha=0.25)


def _colours(n: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(n)]


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    print_svg: Callable[..., object] = FigureCanvasSVG(figure).print_svg
    print_svg(text, metadata={"Date": None, "Creator": None})
    return text.getvalue()
