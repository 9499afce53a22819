"""Convolutional networks for small square images, after DCGAN: what the recipe uses.

The rules of Radford, Metz and Chintala (2016) with two changes that ten years of use
suggest. The discriminator has no batch normalization: it would tie the images of a
batch to each other, and penalties on slopes (R1) are meant image by image. The
generator has leaky activations too. Doublings have 4x4 kernels, as in the version for
Torch by one of the authors (their first code has 5x5): the stride divides the size, so
that every pixel is written equally often.
"""

from itertools import pairwise

from torch import Tensor, nn

from ganbook.networks.shapes import check_images, check_latents

SLOPE = 0.2  # of the leaky activations


class DcganGenerator(nn.Module):
    r"""Maps latent vectors to images: a dense layer, then doublings of the sides.

    The side :math:`s` of the image is halved n times, as long as it is even and more
    than four, to see where to start: 28, 14, 7 or 64, 32, 16, 8, 4. ``z`` becomes
    :math:`2^n m` maps of that smallest side for m ``maps``; each doubling halves the
    number of maps. Behind the dense layer and each doubling stands ``BatchNorm ->
    LeakyReLU(0.2)``; a 3x3 convolution and tanh make the image.

    Args:
        latent_dim: Length of a latent vector ``z``.
        maps: Maps at full size, m.
        image_shape: ``(C, s, s)``.

    The defaults have 791,777 parameters.

    Raises:
        ValueError: If the image is not square.

    Source: Radford, Metz and Chintala (2016), section 3.
    """

    def __init__(
        self,
        latent_dim: int = 100,
        maps: int = 32,
        image_shape: tuple[int, int, int] = (1, 28, 28),
    ) -> None:
        super().__init__()
        channels, size = _square(image_shape)
        start, doublings = size, 0
        while start % 2 == 0 and start > 4:
            start, doublings = start // 2, doublings + 1
        widths = [maps * 2**n for n in range(doublings, -1, -1)]
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            # Batch normalization has a bias of its own.
            nn.Linear(latent_dim, widths[0] * start**2, bias=False),
            nn.Unflatten(1, (widths[0], start, start)),
            *_normalized(widths[0]),
            *(
                layer
                for before, after in pairwise(widths)
                for layer in (
                    nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
                    *_normalized(after),
                )
            ),
            nn.Conv2d(maps, channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Map ``z`` of shape (N, latent_dim) to images (N, C, s, s) in [-1, 1].

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return self.layers(z)


class DcganDiscriminator(nn.Module):
    """Maps images to one logit each: convolutions that halve, then a dense layer.

    The side is halved until it is at most four; each halving doubles the number of
    maps, from ``maps`` on, and is followed by ``LeakyReLU(0.2)``. There is no
    normalization and no dropout.

    Args:
        maps: Maps of the first convolution.
        image_shape: ``(C, s, s)``.

    The defaults have 109,281 parameters.

    Raises:
        ValueError: If the image is not square.
    """

    def __init__(
        self, maps: int = 32, image_shape: tuple[int, int, int] = (1, 28, 28)
    ) -> None:
        super().__init__()
        channels, size = _square(image_shape)
        self.image_shape = tuple(image_shape)
        layers: list[nn.Module] = []
        while size > 4:
            # An odd side needs an odd kernel: the zeros lie evenly around it.
            kernel = 4 if size % 2 == 0 else 3
            layers += [nn.Conv2d(channels, maps, kernel, 2, 1), nn.LeakyReLU(SLOPE)]
            channels, maps, size = maps, 2 * maps, -(-size // 2)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(channels * size**2, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, s, s) to logits (N, 1).

        Raises:
            ValueError: If the images have another shape.
        """
        check_images(images, self.image_shape)
        return self.layers(images)


def _normalized(maps: int) -> tuple[nn.Module, nn.Module]:
    # Statistics that follow fast: in a few thousand steps the weights move far.
    return nn.BatchNorm2d(maps, momentum=0.2), nn.LeakyReLU(SLOPE)


def _square(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    channels, height, width = image_shape
    if height != width:
        raise ValueError(f"images are {height}x{width}; expected square ones")
    return channels, height
