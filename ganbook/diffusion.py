r"""Denoising diffusion: add noise in T small steps, learn to take it away again.

The forward process mixes a datum :math:`x_0` with more and more noise,

.. math::

    q(x_t \mid x_{t-1}) = \mathcal{N}(\sqrt{\alpha_t}\,x_{t-1}, \beta_t I), \qquad
    q(x_t \mid x_0) = \mathcal{N}(\sqrt{\bar\alpha_t}\,x_0, (1 - \bar\alpha_t) I),

with :math:`\alpha_t = 1 - \beta_t` and :math:`\bar\alpha_t = \alpha_1 \cdots \alpha_t`.
A network is given :math:`x_t` and t and predicts the noise in it.

Sources: Sohl-Dickstein et al. (2015); Ho et al. (2020), section 2; the samplers with
fewer steps Song et al. (2021).
"""

from ganbook.denoising import Moment, sample, walk
from ganbook.noising import (
    NoisePredictor,
    add_noise,
    estimate_data,
    noise_prediction,
    posterior,
)
from ganbook.schedules import Schedule, cosine, linear, sigmoid

__all__ = [
    "Moment",
    "NoisePredictor",
    "Schedule",
    "add_noise",
    "cosine",
    "estimate_data",
    "linear",
    "noise_prediction",
    "posterior",
    "sample",
    "sigmoid",
    "walk",
]
