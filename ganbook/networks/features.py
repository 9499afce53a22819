"""Networks whose inner activations serve as features: what a metric looks through."""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from ganbook.networks.shapes import check_images


class LeNet(nn.Module):
    """A small classifier of 28x28 digits, after LeNet-5.

    Two 5x5 convolutions, each with ReLU and 2x2 max pooling, a dense layer of 84 units
    (layer F6 of LeCun, Bottou, Bengio and Haffner 1998, with ReLU in place of tanh),
    and one logit a class. There is neither dropout nor batch normalization, so that
    it computes the same in training and in use.

    Args:
        classes: How many there are.
        widths: Channels of the two convolutions, then units of the dense layer.

    The defaults have 145,894 parameters.
    """

    def __init__(
        self, classes: int = 10, widths: tuple[int, int, int] = (16, 32, 84)
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, widths[0], 5, padding=2)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 5, padding=2)
        self.dense = nn.Linear(widths[1] * 7 * 7, widths[2])
        self.head = nn.Linear(widths[2], classes)

    def features(self, images: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) in [-1, 1] to features (N, 84), at least 0.

        Raises:
            ValueError: If an image has another shape.
        """
        check_images(images, (1, 28, 28))
        x = max_pool2d(self.conv1(images).relu(), 2)  # (N, 16, 14, 14)
        x = max_pool2d(self.conv2(x).relu(), 2)  # (N, 32, 7, 7)
        return self.dense(x.flatten(1)).relu()

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) in [-1, 1] to logits (N, classes)."""
        return self.head(self.features(images))
