r"""A variational autoencoder: an encoder, a decoder, and the scale of the pixels.

The decoder describes a distribution of images, not an image:

.. math:: p_\theta(x \mid z) = \mathcal{N}(x;\, \mu_\theta(z),\, s^2 I)

with one learned scale :math:`s` for all pixels. The encoder describes a distribution
of latent vectors, :math:`q_\phi(z \mid x) = \mathcal{N}(z;\, m_\phi(x),\,
\operatorname{diag} v_\phi(x))`. What both are trained for is in
:mod:`ganbook.variational`.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log, prod

import torch
from torch import Tensor, nn

from ganbook.networks.precision import at_least_single
from ganbook.networks.shapes import check_latents


class VariationalAutoencoder(nn.Module):
    r"""Dense encoder and decoder with normal distributions at both ends.

    Each hidden layer is ``Linear -> SiLU``, smooth so that the images change smoothly
    with :math:`z`. There is no batch normalization: a likelihood of one image must not
    depend on its neighbors in the batch. The defaults have 1,079,601 parameters.

    Called with latent vectors, the network decodes them: it can be sampled and
    measured wherever a generator can.

    Args:
        latent_dim: Length of a latent vector ``z``.
        widths: Units of the encoder's hidden layers, from the image's side.
        decoder_widths: Units of the decoder's hidden layers, from the latent side; by
            default those of the encoder in reverse.
        image_shape: ``(C, H, W)`` of an image.
        scale: Where the standard deviation :math:`s` of a pixel starts, in units of
            images in [-1, 1].

    Attributes:
        log_scale: :math:`\log s`, a learned scalar (Rybkin, Daniilidis and Levine,
            2021). A scale fixed by hand is a weight of the KL term in disguise.

    Raises:
        ValueError: If the latent dimension, a width or the scale is not positive.

    Source: Kingma and Welling (2014), appendix C.2.
    """

    def __init__(
        self,
        latent_dim: int = 16,
        widths: Sequence[int] = (512, 256),
        decoder_widths: Sequence[int] | None = None,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        scale: float = 0.5,
    ) -> None:
        super().__init__()
        back = tuple(reversed(widths)) if decoder_widths is None else decoder_widths
        if min(latent_dim, *widths, *back, *image_shape) < 1:
            raise ValueError(
                f"latent_dim is {latent_dim}, widths {tuple(widths)} and "
                f"{tuple(back)}, image_shape {image_shape}; expected positive sizes"
            )
        if not (isfinite(scale) and scale > 0):
            raise ValueError(f"scale is {scale}; expected a positive number")
        self.latent_dim, self.image_shape = latent_dim, tuple(image_shape)
        pixels = prod(image_shape)
        self.encoder = nn.Sequential(
            nn.Flatten(), *_dense([pixels, *widths, 2 * latent_dim])
        )
        self.decoder = _dense([latent_dim, *back, pixels])
        self.log_scale = nn.Parameter(torch.tensor(log(scale)))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        r"""Map images (N, C, H, W) to the two parameters of :math:`q_\phi(z \mid x)`.

        Returns:
            Means and logarithms of variances, each (N, latent_dim), at least float32.

        Raises:
            ValueError: If there are no images, or of another shape.
        """
        if tuple(images.shape[1:]) != self.image_shape or not len(images):
            raise ValueError(
                f"images have shape {tuple(images.shape)}; expected "
                f"(N, {', '.join(map(str, self.image_shape))}) with N >= 1"
            )
        mean, log_variance = at_least_single(self.encoder(images)).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        r"""Map latent vectors (N, latent_dim) to mean images in [-1, 1], (N, C, H, W).

        This is :math:`\mu_\theta(z)`. A sample of the model has normal noise of
        standard deviation :math:`s` on each pixel besides, which nobody shows.

        Raises:
            ValueError: If ``z`` has another shape.
        """
        return self.decode_logits(z).tanh()

    def decode_logits(self, z: Tensor) -> Tensor:
        r"""Return what stands before the :math:`\tanh`, (N, C, H, W), float32 or more.

        With :math:`\mu = \tanh a`, the share of white is
        :math:`\tfrac12(1 + \mu) = \sigma(2a)`: half the logit of a Bernoulli pixel.

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return at_least_single(self.decoder(z)).unflatten(1, self.image_shape)

    def forward(self, z: Tensor) -> Tensor:
        """Decode: the autoencoder as a generator."""
        return self.decode(z)


def _dense(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with SiLU between them, none after the last."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
