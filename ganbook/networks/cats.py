"""The networks for cats of 128x128 pixels in Deng (2024), section 4.5, exactly.

They are the convolutional networks of the MNIST chapters with one more doubling:
listing A.12, with the discriminator's fourth convolution from the text (the listing
in the appendix leaves it out).
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ganbook.networks.conv import SameConv2d, _activated, _batch_norm, _start_as_keras
from ganbook.networks.shapes import check_images, check_latents


class CatGenerator(nn.Module):
    """Maps latent vectors to 128x128 color images: 16x16, then three doublings.

    A dense layer makes 256 maps of 16x16; transposed convolutions of kernel 4 and
    stride 2 make 256 maps of 32x32, 128 of 64x64, 64 of 128x128; a 7x7 convolution
    and tanh make the image. Each layer but the last is followed by
    ``LeakyReLU(0.2) -> BatchNorm``.

    Args:
        latent_dim: Length of a latent vector ``z``.
    """

    def __init__(self, latent_dim: int = 100) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 256 * 16 * 16),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (256, 16, 16)),
            _batch_norm(256),
            _activated(nn.ConvTranspose2d(256, 256, 4, 2, 1), 256),  # 32x32
            _activated(nn.ConvTranspose2d(256, 128, 4, 2, 1), 128),  # 64x64
            _activated(nn.ConvTranspose2d(128, 64, 4, 2, 1), 64),  # 128x128
            SameConv2d(64, 3, 7),
            nn.Tanh(),
        )
        self.apply(_start_as_keras)

    def forward(self, z: Tensor) -> Tensor:
        """Map ``z`` of shape (N, latent_dim) to images (N, 3, 128, 128) in [-1, 1].

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return self.layers(z)


class CatDiscriminator(nn.Module):
    """Maps 128x128 color images to one logit each by halving them four times.

    Each hidden layer is a 3x3 convolution of stride 2 followed by
    ``LeakyReLU(0.2) -> Dropout(0.25)``; the last is ``Linear`` alone, on 8x8x512
    numbers.

    Args:
        widths: Maps of the convolutions; ``(64, 128, 256)`` for listing A.12.

    Raises:
        ValueError: If there is no convolution, or more than seven.
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512)) -> None:
        super().__init__()
        if not 1 <= len(widths) <= 7:
            raise ValueError(f"{len(widths)} convolutions; expected 1 to 7")
        layers: list[nn.Module] = []
        for maps_in, maps_out in pairwise((3, *widths)):
            layers += [
                SameConv2d(maps_in, maps_out, 3, stride=2),
                nn.LeakyReLU(0.2),
                nn.Dropout(0.25),
            ]
        side = 128 // 2 ** len(widths)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(widths[-1] * side * side, 1)
        )
        self.apply(_start_as_keras)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, 128, 128) to logits (N, 1).

        Raises:
            ValueError: If the images have another shape.
        """
        check_images(images, (3, 128, 128))
        return self.layers(images)
