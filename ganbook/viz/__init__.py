"""Figures: image grids, curves, densities, animations. They only look."""

from ganbook.viz.curves import curves
from ganbook.viz.diagrams import game
from ganbook.viz.images import grid, montage
from ganbook.viz.style import PALETTE, use_style

__all__ = ["PALETTE", "curves", "game", "grid", "montage", "use_style"]
