"""Numbers for pictures, in three steps kept apart: features, statistics, number."""

from ganbook.metrics.features import pixels
from ganbook.metrics.frechet import Distance, fd_pixels, frechet_distance
from ganbook.metrics.statistics import Statistics

__all__ = ["Distance", "Statistics", "fd_pixels", "frechet_distance", "pixels"]
