"""Networks of dense (fully connected) layers, for small images."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from ganbook.networks.shapes import check_images, check_latents


class DenseGenerator(nn.Module):
    """Maps latent vectors to images through widening dense layers.

    Each hidden layer is ``Linear -> LeakyReLU(0.2) -> BatchNorm``; the last is
    ``Linear -> tanh``, whose range is that of the images.

    Args:
        latent_dim: Length of a latent vector ``z``.
        widths: Units of the hidden layers, from the latent side.
        image_shape: ``(C, H, W)`` of an image.

    The defaults are the generator of Deng (2024), listing A.1. Keras'
    ``BatchNormalization(momentum=0.8)`` keeps 0.8 of the old running mean;
    PyTorch's ``momentum`` is the share of the *new* one, 0.2. Its second
    positional argument is epsilon, for which Keras takes 1e-3.
    """

    def __init__(
        self,
        latent_dim: int = 100,
        widths: Sequence[int] = (256, 512, 1024),
        image_shape: tuple[int, int, int] = (1, 28, 28),
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip([latent_dim, *widths], widths, strict=False):
            layers += [
                nn.Linear(fan_in, fan_out),
                nn.LeakyReLU(0.2),
                nn.BatchNorm1d(fan_out, eps=1e-3, momentum=0.2),
            ]
        self.layers = nn.Sequential(
            *layers,
            nn.Linear([latent_dim, *widths][-1], prod(image_shape)),
            nn.Tanh(),
            nn.Unflatten(1, image_shape),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Map ``z`` of shape (N, latent_dim) to images (N, C, H, W) in [-1, 1].

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return self.layers(z)


class DenseDiscriminator(nn.Module):
    """Maps images to one logit each through narrowing dense layers.

    Each hidden layer is ``Linear -> LeakyReLU(0.2) -> Dropout``; the last is
    ``Linear`` alone: the sigmoid belongs to the loss.

    Args:
        image_shape: ``(C, H, W)`` of an image.
        widths: Units of the hidden layers, from the image's side.
        dropout: Share of units that are set to zero in training.

    The defaults are the discriminator of Deng (2024), listing A.1.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        widths: Sequence[int] = (512, 256),
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        self.image_shape = tuple(image_shape)
        sizes = [prod(image_shape), *widths]
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in zip(sizes, widths, strict=False):
            layers += [nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2)]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to logits (N, 1).

        Raises:
            ValueError: If an image has another shape.
        """
        check_images(images, self.image_shape)
        return self.layers(images)
