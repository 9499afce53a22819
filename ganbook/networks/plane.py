"""A generator of points, for games small enough to be looked at from all sides."""

from collections.abc import Sequence

from torch import Tensor, nn

from ganbook.networks.shapes import check_latents


class PlaneGenerator(nn.Module):
    """Maps latent vectors to points in the plane: ``Linear -> ReLU``, then ``Linear``.

    Its opponent is a :class:`~ganbook.networks.DenseDiscriminator` of ``(2,)``.

    Args:
        latent_dim: Length of a latent vector ``z``.
        widths: Units of the hidden layers.
    """

    def __init__(self, latent_dim: int = 2, widths: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        sizes = [latent_dim, *widths]
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(sizes, widths, strict=False):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 2))

    def forward(self, z: Tensor) -> Tensor:
        """Map ``z`` of shape (N, latent_dim) to points (N, 2).

        Raises:
            ValueError: If ``z`` has another shape.
        """
        check_latents(z, self.latent_dim)
        return self.layers(z)
