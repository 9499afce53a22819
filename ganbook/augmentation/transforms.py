"""What is done to an image at random, each with a gradient."""

from collections.abc import Callable
from math import radians

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

#: Maps images (N, C, H, W) and a random state to images of the same shape.
Augmentation = Callable[[Tensor, torch.Generator], Tensor]


def translation(share: float = 0.125, *, fill: float = 0.0) -> Augmentation:
    """Shift each image by whole pixels, up and down, left and right.

    Args:
        share: The largest shift, as a share of height and width, in [0, 1].
        fill: What comes in at the border, in [-1, 1]; 0 is mid-gray.

    Raises:
        ValueError: If ``share`` is out of range.
    """
    check_share("share", share)

    def translate(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        for axis, side in enumerate(images.shape[2:], start=2):
            reach = round(share * side)
            shift = _integers(2 * reach + 1, len(images), random) - reach
            shape = [len(images), 1, 1, 1]
            shape[axis] = side
            place = (shift[:, None] + torch.arange(side)).view(shape).to(images.device)
            inside = place.clamp(0, side - 1)
            images = images.gather(axis, inside.expand_as(images))
            images = images.masked_fill(place != inside, fill)
        return images

    return translate


def warp(rotation: float = 0.0, shift: float = 0.0) -> Augmentation:
    r"""Turn each image about its center and move it, by any angle and way.

    Pixels between the grid's are interpolated linearly; beyond the border the image
    continues with its outermost pixels. Those are the rules of Keras'
    ``ImageDataGenerator``, as Deng (2024) uses it.

    Args:
        rotation: The largest angle, in degrees, to either side.
        shift: The largest move, as a share of height and width, in [0, 1].

    Raises:
        ValueError: If an argument is out of range.
    """
    check_share("shift", shift)
    if not 0 <= rotation <= 180:
        raise ValueError(f"rotation is {rotation}; expected 0 to 180 degrees")

    def turn(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        # A grid in half precision would bend the image, and autocast makes such grids.
        wide = images.to(torch.promote_types(images.dtype, torch.float32))
        angle, x, y = (torch.rand(3, len(images), generator=random) * 2 - 1).to(wide)
        angle = angle * radians(rotation)
        # affine_grid wants the way back, from the new place to the old one, in units
        # of half an image; sides that differ would be sheared without their ratio.
        ratio = images.shape[2] / images.shape[3]
        cos, sin = angle.cos(), angle.sin()
        rows = [cos, -sin * ratio, 2 * shift * x], [sin / ratio, cos, 2 * shift * y]
        back = torch.stack([torch.stack(row, 1) for row in rows], 1)  # (N, 2, 3)
        with torch.autocast(images.device.type, enabled=False):
            grid = affine_grid(back, list(wide.shape), align_corners=False)
            out = grid_sample(wide, grid, padding_mode="border", align_corners=False)
        return out.to(images.dtype)

    return turn


def flip() -> Augmentation:
    """Mirror every image, left to right; with ``chain(..., probability=0.5)`` half."""

    def mirror(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        return images.flip(3)

    return mirror


def cutout(share: float = 0.5, *, fill: float = 0.0) -> Augmentation:
    """Cover a rectangle at a random place of each image, which may overlap its edge.

    Args:
        share: Sides of the rectangle, as a share of height and width, in [0, 1].
        fill: What covers it, in [-1, 1].

    Raises:
        ValueError: If ``share`` is out of range.
    """
    check_share("share", share)

    def cover(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        count, _, *sides = images.shape
        covered = torch.ones(count, 1, 1, 1, dtype=torch.bool, device=images.device)
        for axis, side in enumerate(sides, start=2):
            length = round(share * side)
            center = _integers(side + 1, count, random).to(images.device)
            start = (center - length // 2)[:, None]
            place = torch.arange(side, device=images.device)
            inside = (place >= start) & (place < start + length)
            shape = [count, 1, 1, 1]
            shape[axis] = side
            covered = covered & inside.view(shape)
        return images.masked_fill(covered, fill)

    return cover


def brightness(amount: float = 0.5) -> Augmentation:
    """Add to each image a number between ``-amount`` and ``amount``.

    The result may leave [-1, 1]: clamping would stop the gradient.

    Raises:
        ValueError: If ``amount`` is outside [0, 1].
    """
    check_share("amount", amount)

    def brighten(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        shift = torch.rand(len(images), 1, 1, 1, generator=random) * 2 - 1
        return images + (amount * shift).to(images)

    return brighten


def saturation(amount: float = 1.0) -> Augmentation:
    """Scale the differences between the channels of each image.

    The factor is between ``1 - amount`` and ``1 + amount``; gray images stay as
    they are.

    Raises:
        ValueError: If ``amount`` is outside [0, 1].
    """
    return _scaling(amount, over=(1,))


def contrast(amount: float = 0.5) -> Augmentation:
    """Scale the differences of each image from its mean.

    The factor is between ``1 - amount`` and ``1 + amount``.

    Raises:
        ValueError: If ``amount`` is outside [0, 1].
    """
    return _scaling(amount, over=(1, 2, 3))


def _scaling(amount: float, over: tuple[int, ...]) -> Augmentation:
    check_share("amount", amount)

    def scale(images: Tensor, random: torch.Generator) -> Tensor:
        _check_images(images)
        factor = torch.rand(len(images), 1, 1, 1, generator=random) * 2 - 1
        mean = images.mean(over, keepdim=True)
        return mean + (images - mean) * (1 + amount * factor).to(images)

    return scale


def chain(*augmentations: Augmentation, probability: float = 1.0) -> Augmentation:
    """Apply augmentations one after another.

    Args:
        *augmentations: In their order.
        probability: Of each augmentation, for each image: where the coin says no,
            the image passes as it is.

    Raises:
        ValueError: If ``probability`` is outside [0, 1].

    Example:
        >>> augment = chain(translation(), cutout())
        >>> images = torch.zeros(2, 1, 28, 28)
        >>> augment(images, torch.Generator().manual_seed(0)).shape
        torch.Size([2, 1, 28, 28])
    """
    check_share("probability", probability)

    def apply(images: Tensor, random: torch.Generator) -> Tensor:
        for augmentation in augmentations:
            changed = augmentation(images, random)
            if probability < 1:
                coin = torch.rand(len(images), 1, 1, 1, generator=random)
                images = torch.where(
                    (coin < probability).to(images.device), changed, images
                )
            else:
                images = changed
        return images

    return apply


def _integers(below: int, count: int, random: torch.Generator) -> Tensor:
    return torch.randint(below, (count,), generator=random)


def check_share(name: str, value: float) -> None:
    """Refuse what is no share, by its name."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; expected 0 to 1")


def _check_images(images: Tensor) -> None:
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; "
            "expected floating point (N, C, H, W)"
        )
