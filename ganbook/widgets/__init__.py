"""Figures to move: each computes in the page, with or without a kernel.

One Python file and one JavaScript module a widget. The module follows the
anywidget convention (``export default { render }``) and exports its arithmetic, so
that the tests can run the very code that the reader's browser runs.
"""

from ganbook.widgets.augmented_game import AugmentedGame
from ganbook.widgets.density_game import DensityGame
from ganbook.widgets.diffusion_time import DiffusionTime
from ganbook.widgets.dirac_gan import DiracGan
from ganbook.widgets.divider import Divider
from ganbook.widgets.film_strip import FilmStrip
from ganbook.widgets.latent_plane import LatentPlane
from ganbook.widgets.noise_contrast import NoiseContrast
from ganbook.widgets.page import PageWidget
from ganbook.widgets.play_gan import PlayGan
from ganbook.widgets.receptive_field import ReceptiveField
from ganbook.widgets.transposed_convolution import TransposedConvolution
from ganbook.widgets.two_clouds import TwoClouds
from ganbook.widgets.two_models import TwoModels

__all__ = [
    "AugmentedGame",
    "DensityGame",
    "DiffusionTime",
    "DiracGan",
    "Divider",
    "FilmStrip",
    "LatentPlane",
    "NoiseContrast",
    "PageWidget",
    "PlayGan",
    "ReceptiveField",
    "TransposedConvolution",
    "TwoClouds",
    "TwoModels",
]
