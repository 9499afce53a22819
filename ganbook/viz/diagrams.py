"""Diagrams: boxes and arrows in the book's palette."""

from collections.abc import Sequence
from math import log2

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from ganbook.viz.style import PALETTE

Point = tuple[float, float]


def game() -> Figure:
    """Draw who gives what to whom in the game of two networks."""
    figure = Figure(figsize=(7.2, 2.5), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 7.2), ylim=(0, 2.5), aspect="equal")
    axes.set_axis_off()
    _box(axes, (0.7, 0.75), "noise z", "latent")
    _box(axes, (2.5, 0.75), "generator G", "generator", bold=True)
    _box(axes, (2.5, 2.0), "real image x", "data")
    _box(axes, (4.75, 1.375), "discriminator D", "discriminator", bold=True)
    _box(axes, (6.5, 1.375), "logit: real\nor generated?", "muted")
    _arrow(axes, (1.28, 0.75), (1.8, 0.75))
    _arrow(axes, (3.15, 0.9), (4.05, 1.25))
    _arrow(axes, (3.1, 1.85), (4.05, 1.5))
    _arrow(axes, (5.45, 1.375), (5.95, 1.375))
    axes.text(3.72, 0.88, "G(z)", ha="center", fontsize=9)
    _arrow(axes, (6.5, 1.05), (2.6, 0.43), bend=-0.16, dashed=True)
    axes.text(
        4.6, 0.1, "gradient: what would have looked more real", ha="center", fontsize=9
    )
    return figure


def stacks(stages: Sequence[tuple[str, tuple[int, int, int], str]]) -> Figure:
    """Draw what flows through a network: each layer's output as a pile of maps.

    A pile's side grows with the maps' side, its height with the logarithm of their
    number.

    Args:
        stages: For each layer what it does (of the first: what it is), the shape
            (C, H, W) of its output, and the role whose color it takes.

    Raises:
        ValueError: If there is no stage.
    """
    if not stages:
        raise ValueError("stages is empty; expected the output of each layer")
    width, height = 7.2, 1.75
    figure = Figure(figsize=(width, height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    largest = max(side for _, (_, *sides), _ in stages for side in sides)
    room, middle = width / len(stages), 0.95
    for i, (does, (maps, rows, columns), role) in enumerate(stages):
        center = (i + 0.5) * room
        shape = tuple(max(0.55 * n / largest, 0.08) for n in (columns, rows))
        _pile(axes, (center, middle), shape, round(log2(maps)) + 1, role)
        shown = f"{maps}" if rows == columns == 1 else f"{maps} of {rows}x{columns}"
        axes.text(center, 0.3, shown, ha="center", va="center", fontsize=8)
        above = center if i == 0 else center - room / 2
        axes.text(above, 1.55, does, ha="center", va="center", fontsize=8)
        if i:
            _arrow(axes, (above - 0.12, 1.38), (above + 0.12, 1.38))
    return figure


def _pile(axes: Axes, center: Point, shape: Point, count: int, role: str) -> None:
    shift = 0.028
    for i in reversed(range(count)):
        offset = (i - (count - 1) / 2) * shift
        axes.add_patch(
            Rectangle(
                (center[0] - shape[0] / 2 + offset, center[1] - shape[1] / 2 + offset),
                *shape,
                facecolor=PALETTE[role],
                alpha=0.35,
                edgecolor=PALETTE[role],
                linewidth=0.8,
            )
        )


def _box(
    axes: Axes, center: Point, text: str, role: str, *, bold: bool = False
) -> None:
    color = PALETTE[role]
    half = 0.65 if bold else 0.5
    axes.add_patch(
        FancyBboxPatch(
            (center[0] - half, center[1] - 0.22),
            2 * half,
            0.44,
            boxstyle="round,pad=0.04,rounding_size=0.1",
            facecolor="none",
            edgecolor=color,
            linewidth=2.4 if bold else 1.2,
        )
    )
    style = {"color": color, "weight": "bold"} if bold else {}
    axes.text(*center, text, ha="center", va="center", fontsize=9, **style)


def _arrow(
    axes: Axes, start: Point, end: Point, *, bend: float = 0.0, dashed: bool = False
) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": PALETTE["muted"],
            "linestyle": "--" if dashed else "-",
            "connectionstyle": f"arc3,rad={bend}",
        },
    )
