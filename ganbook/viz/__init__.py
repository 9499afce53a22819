"""Figures: image grids, curves, densities, animations. They only look."""

from ganbook.viz.curves import curves
from ganbook.viz.images import grid, montage
from ganbook.viz.style import PALETTE, use_style

__all__ = ["PALETTE", "curves", "grid", "montage", "use_style"]
