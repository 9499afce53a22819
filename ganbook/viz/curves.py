"""Curves over training steps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganbook.viz.style import PALETTE


def curves(
    series: Mapping[str, Sequence[float]],
    *,
    ylabel: str,
    axes: Axes | None = None,
    smooth: int = 100,
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """Draw values against training steps: faint as measured, bold as averaged.

    Args:
        series: Values of each step, by name. A name that is a role of
            :data:`ganbook.viz.PALETTE` takes its color.
        ylabel: What is drawn, with its unit.
        axes: Where to draw; by default a new figure.
        smooth: Steps in the running mean.
        lines: Horizontal reference lines, by name.

    Returns:
        The figure drawn on.
    """
    if axes is None:
        axes = Figure(figsize=(7.2, 3.0), layout="constrained").add_subplot()
    for name, values in series.items():
        values = np.asarray(values, dtype=float)
        steps = np.arange(1, len(values) + 1)
        color = PALETTE.get(name.split()[0], None)
        (faint,) = axes.plot(steps, values, color=color, alpha=0.2, lw=0.6)
        width = max(1, min(smooth, len(values) // 5))
        mean = np.convolve(values, np.full(width, 1 / width), mode="valid")
        axes.plot(steps[width - 1 :], mean, color=faint.get_color(), label=name)
    for name, value in (lines or {}).items():
        axes.axhline(value, color=PALETTE["muted"], lw=1, ls="--", label=name)
    axes.set(xlabel="training step", ylabel=ylabel)
    axes.margins(x=0.01)
    axes.legend(loc="best")
    return axes.get_figure()
