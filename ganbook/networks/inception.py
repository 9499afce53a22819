"""The Inception network of 2015 that the name FID refers to, as far as its features.

Szegedy et al. (2016) describe the architecture. The network behind FID is the one that
TensorFlow published on 2015-12-05, which differs from it, and from torchvision's:
average pooling does not count the padding, the last block pools by the maximum, images
are resized as TensorFlow 1 did. Names of layers are those of the published weights.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

SIDE = 299  # pixels, at the input


class ConvNormReLU(nn.Module):
    """Convolution without bias, batch normalization, ReLU.

    Args:
        fan_in: Channels that come in.
        fan_out: Channels that go out.
        kernel: (height, width), or one number for both.
        stride: 1, or 2, then without padding.
        padded: Whether stride 1 keeps the size.
    """

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padded: bool = True,
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded and stride == 1 else 0
        self.conv = nn.Conv2d(
            fan_in, fan_out, (height, width), stride, padding, bias=False
        )
        self.bn = nn.BatchNorm2d(fan_out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, fan_in, H, W) to (N, fan_out, H', W')."""
        return self.bn(self.conv(x)).relu_()


class Mixed(nn.Module):
    """Chains of convolutions side by side, and a pooling; their outputs stacked.

    Args:
        fan_in: Channels that come in.
        chains: For each branch the (channels, kernel) of its convolutions. Two kernels
            at the end, as ``(384, (1, 3), (3, 1))``, are both applied to what came
            before.
        pooled: Channels of the convolution after the pooling; 0 for none, and then
            the block halves the size: the last convolution of each chain has stride 2.
        by_maximum: Pool by the maximum instead of the average.
    """

    def __init__(
        self,
        fan_in: int,
        chains: dict[str, list[tuple]],
        pooled: int = 0,
        by_maximum: bool = False,
    ) -> None:
        super().__init__()
        self.halves, self.by_maximum = not pooled, by_maximum or not pooled
        self.chains: list[list[list[str]]] = []  # names of layers, by branch and place
        for branch, links in chains.items():
            width, names = fan_in, []
            for place, (fan_out, *kernels) in enumerate(links, start=1):
                stem = f"{branch}_{place}" if len(links) > 1 else branch
                ends = "ab" if len(kernels) > 1 else [""]
                last = place == len(links)
                for kernel, end in zip(kernels, ends, strict=True):
                    stride = 2 if self.halves and last else 1
                    layer = ConvNormReLU(width, fan_out, kernel, stride)
                    self.add_module(stem + end, layer)
                names.append([stem + end for end in ends])
                width = fan_out
            self.chains.append(names)
        if pooled:
            self.branch_pool = ConvNormReLU(fan_in, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, fan_in, H, W) to (N, channels of all branches, H', W')."""
        outputs = []
        for names in self.chains:
            ends = [x]
            for layers in names:  # only the last place has more than one
                ends = [getattr(self, layer)(ends[0]) for layer in layers]
            outputs += ends
        if self.halves:
            outputs.append(max_pool2d(x, 3, stride=2))
        elif self.by_maximum:
            outputs.append(self.branch_pool(max_pool2d(x, 3, stride=1, padding=1)))
        else:
            mean = avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
            outputs.append(self.branch_pool(mean))
        return torch.cat(outputs, 1)


def _a(fan_in: int, pooled: int) -> Mixed:
    chains = {
        "branch1x1": [(64, 1)],
        "branch5x5": [(48, 1), (64, 5)],
        "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
    }
    return Mixed(fan_in, chains, pooled)


def _c(width: int) -> Mixed:
    flat, tall = (1, 7), (7, 1)
    double = [(width, 1), (width, tall), (width, flat), (width, tall), (192, flat)]
    chains = {
        "branch1x1": [(192, 1)],
        "branch7x7": [(width, 1), (width, flat), (192, tall)],
        "branch7x7dbl": double,
    }
    return Mixed(768, chains, 192)


def _e(fan_in: int, by_maximum: bool) -> Mixed:
    both = (384, (1, 3), (3, 1))
    chains = {
        "branch1x1": [(320, 1)],
        "branch3x3": [(384, 1), both],
        "branch3x3dbl": [(448, 1), (384, 3), both],
    }
    return Mixed(fan_in, chains, 192, by_maximum)


class InceptionV3Features(nn.Sequential):
    """Maps images to the 2,048 features that FID and KID are computed from.

    A new one has random weights; :func:`ganbook.metrics.inception` loads the published
    ones where they are to be had. It is made for use, not for training: in evaluation
    mode, without gradients.
    """

    def __init__(self) -> None:
        conv = ConvNormReLU
        halve_b = {
            "branch3x3": [(384, 3)],
            "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
        }
        halve_d = {
            "branch3x3": [(192, 1), (320, 3)],
            "branch7x7x3": [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)],
        }
        layers = {
            "Conv2d_1a_3x3": conv(3, 32, 3, stride=2),
            "Conv2d_2a_3x3": conv(32, 32, 3, padded=False),
            "Conv2d_2b_3x3": conv(32, 64, 3),
            "MaxPool_1": nn.MaxPool2d(3, stride=2),
            "Conv2d_3b_1x1": conv(64, 80, 1),
            "Conv2d_4a_3x3": conv(80, 192, 3, padded=False),
            "MaxPool_2": nn.MaxPool2d(3, stride=2),  # (N, 192, 35, 35)
            "Mixed_5b": _a(192, 32),
            "Mixed_5c": _a(256, 64),
            "Mixed_5d": _a(288, 64),
            "Mixed_6a": Mixed(288, halve_b),  # (N, 768, 17, 17)
            "Mixed_6b": _c(128),
            "Mixed_6c": _c(160),
            "Mixed_6d": _c(160),
            "Mixed_6e": _c(192),
            "Mixed_7a": Mixed(768, halve_d),  # (N, 1280, 8, 8)
            "Mixed_7b": _e(1280, by_maximum=False),
            "Mixed_7c": _e(2048, by_maximum=True),
            "AvgPool": nn.AdaptiveAvgPool2d(1),
            "Flatten": nn.Flatten(),
        }
        super().__init__(OrderedDict(layers))
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) in [-1, 1] to features (N, 2048).

        They are rounded to the 256 levels of pixels first, as if they had been stored;
        gray images (C = 1) are shown in three equal channels.

        Raises:
            ValueError: If images have another shape.
        """
        if images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                f"images have shape {tuple(images.shape)}; expected (N, 3, H, W) "
                "or (N, 1, H, W)"
            )
        pixels = (images * 127.5 + 127.5).round().clamp(0, 255)
        pixels = pixels.expand(-1, 3, -1, -1)
        return super().forward((resize_as_tensorflow_1(pixels, SIDE) - 128) / 128)

    def train(self, mode: bool = True) -> "InceptionV3Features":
        """Stay as it is: its statistics are part of what it is."""
        return super().train(False)


def resize_as_tensorflow_1(images: Tensor, side: int) -> Tensor:
    """Resize images bilinearly the way that the first FID code did.

    Output pixel i looks at input position ``i * size / side``, its upper left corner
    at the input's (not center at center), and shrinking leaves out pixels instead of
    averaging them. Wrong as it is, numbers compare only if all do the same.

    Args:
        images: (N, C, H, W).
        side: Pixels along each side of the result.
    """
    for axis in (3, 2):
        size = images.shape[axis]
        scale = torch.tensor(size / side, dtype=images.dtype, device=images.device)
        place = torch.arange(side, dtype=images.dtype, device=images.device) * scale
        low = place.long()
        part = (place - low).view(-1, *[1] * (3 - axis))
        before = images.index_select(axis, low)
        after = images.index_select(axis, (low + 1).clamp(max=size - 1))
        images = before + (after - before) * part
    return images
