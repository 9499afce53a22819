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
    """Draw values against training steps: their running mean in their usual range.

    Args:
        series: Values of each step, by name. A name that begins with a role of
            :data:`ganbook.viz.PALETTE` takes its color.
        ylabel: What is drawn, with its unit.
        axes: Where to draw; by default a new figure.
        smooth: Steps in the running mean. The band around it holds the middle
            80 % of these steps.
        lines: Horizontal reference lines, by name.

    Returns:
        The figure drawn on.

    Raises:
        ValueError: If a series has no values.
    """
    if axes is None:
        axes = Figure(figsize=(7.2, 3.0), layout="constrained").add_subplot()
    for name, values in series.items():
        if not len(values):
            raise ValueError(f"{name!r} has no values; expected at least one step")
        color = PALETTE.get(name.split()[0], PALETTE["muted"])
        steps, windows = _windows(np.asarray(values, dtype=float), smooth)
        low, high = np.quantile(windows, (0.1, 0.9), axis=1)
        axes.fill_between(steps, low, high, color=color, alpha=0.2, lw=0)
        axes.plot(steps, windows.mean(axis=1), color=color, label=name)
    for name, value in (lines or {}).items():
        axes.axhline(value, color=PALETTE["ink"], lw=1, ls="--", label=name)
    axes.set(xlabel="training step", ylabel=ylabel)
    axes.margins(x=0.01)
    axes.legend(loc="best")
    return axes.get_figure()


def _windows(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most 300 windows of the last ``width`` values, and where they end."""
    width = max(1, min(width, len(values) // 5))
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    chosen = np.unique(np.linspace(0, len(windows) - 1, 300).round().astype(int))
    return chosen + width, windows[chosen]
