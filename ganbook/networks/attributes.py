"""A network that tells what a drawn cat looks like."""

from torch import Tensor, nn
from torch.nn.functional import interpolate

SIDE = 64


class CatAttributeNet(nn.Module):
    """A small classifier with an answer for each factor of a drawn cat.

    Four convolutions of stride 2 with ReLU, a dense layer with ReLU, and a linear
    layer for all answers. There is no pooling over the picture: ears are ears because
    of where they are. Without batch normalization and dropout it computes the same in
    training and in use.

    Args:
        factors: How many values each discrete factor has, by name.
        widths: Channels of the convolutions, then units of the dense layer.

    The defaults have 294,531 parameters.
    """

    def __init__(
        self,
        factors: tuple[tuple[str, int], ...] = (
            ("coat", 6),
            ("pattern", 5),
            ("eyes", 4),
            ("ears", 2),
        ),
        widths: tuple[int, int, int, int, int] = (24, 48, 64, 96, 128),
    ) -> None:
        super().__init__()
        self.factors = dict(factors)
        a, b, c, d, dense = widths
        self.body = nn.Sequential(
            nn.Conv2d(3, a, 5, stride=2, padding=2),  # (N, 24, 32, 32)
            nn.ReLU(),
            nn.Conv2d(a, b, 3, stride=2, padding=1),  # (N, 48, 16, 16)
            nn.ReLU(),
            nn.Conv2d(b, c, 3, stride=2, padding=1),  # (N, 64, 8, 8)
            nn.ReLU(),
            nn.Conv2d(c, d, 3, stride=2, padding=1),  # (N, 96, 4, 4)
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(d * (SIDE // 16) ** 2, dense),
            nn.ReLU(),
        )
        self.head = nn.Linear(dense, sum(self.factors.values()) + 2)

    def features(self, images: Tensor) -> Tensor:
        """Map images (N, 3, H, W) in [-1, 1] to features (N, 128), at least 0.

        Images of another size than 64 are brought to it first, linearly.

        Raises:
            ValueError: If an image has another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < 16:
            raise ValueError(
                f"images have shape {tuple(images.shape)}; expected (N, 3, H, W) of "
                "at least 16x16"
            )
        if tuple(images.shape[2:]) != (SIDE, SIDE):
            images = interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True)
        return self.body(images)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) to answers.

        Returns:
            Logits (N, values) of each discrete factor; ``tilt`` in degrees and
            ``pupil`` in about [0, 1], both (N,).
        """
        answers = self.head(self.features(images))
        *logits, tilt, pupil = answers.split([*self.factors.values(), 1, 1], dim=1)
        return dict(zip(self.factors, logits, strict=True)) | {
            "tilt": 10 * tilt[:, 0],  # so that all answers are of about one size
            "pupil": pupil[:, 0],
        }
