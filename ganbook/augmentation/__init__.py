r"""Differentiable augmentation: the discriminator sees every image through it.

Real and generated images go through the same random transformations on their way to
the discriminator, in both players' moves, and the generator learns through them. So
it is never taught to imitate the augmentation itself, as it is where only the real
images are transformed.

An augmentation maps ``(images, random)`` to images. Its random numbers are drawn on
the CPU, so that a seed means the same on every machine.

Source: Zhao et al. (2020), with the defaults of their code.
"""

from ganbook.augmentation.adaptive import Adaptive
from ganbook.augmentation.transforms import (
    Augmentation,
    brightness,
    chain,
    contrast,
    cutout,
    flip,
    saturation,
    translation,
    warp,
)

__all__ = [
    "Adaptive",
    "Augmentation",
    "brightness",
    "chain",
    "contrast",
    "cutout",
    "flip",
    "saturation",
    "translation",
    "warp",
]
