"""Numbers for pictures, in three steps kept apart: features, statistics, number."""

from ganbook.metrics.classifier import Classes, classify, lenet
from ganbook.metrics.features import pixels
from ganbook.metrics.frechet import (
    Distance,
    fd,
    fd_lenet,
    fd_pixels,
    frechet_distance,
    summarize,
)
from ganbook.metrics.precision_recall import PrecisionRecall, precision_recall
from ganbook.metrics.statistics import Statistics

__all__ = [
    "Classes",
    "Distance",
    "PrecisionRecall",
    "Statistics",
    "classify",
    "fd",
    "fd_lenet",
    "fd_pixels",
    "frechet_distance",
    "lenet",
    "pixels",
    "precision_recall",
    "summarize",
]
