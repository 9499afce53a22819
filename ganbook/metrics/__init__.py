"""Numbers for pictures, in three steps kept apart: features, statistics, number."""

from ganbook.metrics.attributes import CatAttributes, cat_attributes
from ganbook.metrics.classifier import Classes, classify, lenet
from ganbook.metrics.copying import copying
from ganbook.metrics.distances import (
    Distance,
    fd,
    fd_lenet,
    fd_pixels,
    fid,
    kd,
    summarize,
)
from ganbook.metrics.features import pixels
from ganbook.metrics.frechet import frechet_distance
from ganbook.metrics.images import luma, psnr, ssim
from ganbook.metrics.inception_v3 import fetch_inception, inception
from ganbook.metrics.kernel import KernelDistance, kernel_distance
from ganbook.metrics.modes import ModeCoverage, mode_coverage
from ganbook.metrics.perceptual import imagenet, lpips, perceptual_distance
from ganbook.metrics.precision_recall import PrecisionRecall, precision_recall
from ganbook.metrics.statistics import Statistics
from ganbook.metrics.uncertainty import Interval, Limit, bootstrap, extrapolate

__all__ = [
    "CatAttributes",
    "Classes",
    "Distance",
    "Interval",
    "KernelDistance",
    "Limit",
    "ModeCoverage",
    "PrecisionRecall",
    "Statistics",
    "bootstrap",
    "cat_attributes",
    "classify",
    "copying",
    "extrapolate",
    "fd",
    "fd_lenet",
    "fd_pixels",
    "fetch_inception",
    "fid",
    "frechet_distance",
    "imagenet",
    "inception",
    "kd",
    "kernel_distance",
    "lenet",
    "lpips",
    "luma",
    "mode_coverage",
    "perceptual_distance",
    "pixels",
    "precision_recall",
    "psnr",
    "ssim",
    "summarize",
]
