"""Figures: image grids, curves, densities, animations. They only look."""

from ganbook.viz.curves import curves
from ganbook.viz.diagrams import game, stacks
from ganbook.viz.images import grid, montage
from ganbook.viz.style import PALETTE, use_style

__all__ = ["PALETTE", "curves", "game", "grid", "montage", "stacks", "use_style"]
