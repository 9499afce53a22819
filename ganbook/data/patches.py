"""Pairs to learn enlarging from: a patch of a photograph, and what it was shrunk to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganbook.data.pixels import from_pixels, to_pixels
from ganbook.data.resizing import bicubic


class Pair(NamedTuple):
    """A batch of aligned patches; or one photograph and its shrunk copy, as pixels.

    Attributes:
        low: What a network is given, (N, 3, h, w) in [-1, 1]; or uint8 (C, h, w).
        high: What it shall answer, (N, 3, scale h, scale w) in [-1, 1]; or uint8
            (C, scale h, scale w).
    """

    low: Tensor
    high: Tensor

    def to(self, device: torch.device | str) -> "Pair":
        """Return the pair on a device, as a tensor's ``to`` does."""
        return Pair(self.low.to(device), self.high.to(device))


class Patches:
    """An endless source of aligned pairs, cut at random from photographs.

    Each photograph is shrunk once, whole, by antialiased bicubic interpolation, and
    both sizes are kept as uint8. A patch is cut from the small one and its match
    from the large one, so that a patch's border has seen what lies beyond it. A
    photograph is drawn in proportion to the number of its places; each pair is
    flipped and transposed at random, one of eight ways.

    It is a source of :class:`~ganbook.training.Batches`, resumable to the draw.

    Args:
        photos: Images (3, H, W), float in [-1, 1] or uint8. Rows and columns left
            over by the scale are cut off, below and to the right.
        scale: How much smaller the low patches are.
        patch: Rows and columns of the high patches, a multiple of the scale.
        batch_size: Pairs in a batch.
        seed: Of all draws.

    Raises:
        ValueError: If there is no photograph, one is smaller than the patch or no
            color image, or the patch is no multiple of the scale.
    """

    def __init__(
        self,
        photos: Sequence[Tensor],
        scale: int = 4,
        patch: int = 96,
        batch_size: int = 16,
        seed: int = 0,
    ) -> None:
        if scale < 1 or batch_size < 1:
            raise ValueError(
                f"scale, batch_size are {scale}, {batch_size}; expected at least 1"
            )
        if patch < scale or patch % scale:
            raise ValueError(f"patch is {patch}; expected a multiple of {scale}")
        if not photos:
            raise ValueError("no photographs came; expected at least one")
        self.scale, self.patch, self.batch_size = scale, patch, batch_size
        self._pairs = []
        for number, photo in enumerate(photos):
            _check_photo(photo, number, patch)
            self._pairs.append(shrink(photo, scale))
        self._random = torch.Generator().manual_seed(seed)
        small = patch // scale
        self._places = torch.tensor(
            [[side - small + 1 for side in low.shape[1:]] for low, _ in self._pairs]
        )
        self._share = self._places.prod(1).double()

    def __next__(self) -> Pair:
        """Return the next batch of pairs, float32 in [-1, 1]."""
        chosen = torch.multinomial(
            self._share, self.batch_size, replacement=True, generator=self._random
        )
        at = torch.rand(self.batch_size, 2, dtype=torch.float64, generator=self._random)
        corners = (at * self._places[chosen]).long()
        ways = torch.randint(8, (self.batch_size,), generator=self._random)
        cuts = [
            self._cut(*draw)
            for draw in zip(
                chosen.tolist(), corners.tolist(), ways.tolist(), strict=True
            )
        ]
        return Pair(
            *(from_pixels(torch.stack(side)) for side in zip(*cuts, strict=True))
        )

    def _cut(self, photo: int, corner: list[int], way: int) -> tuple[Tensor, Tensor]:
        low, high = self._pairs[photo]
        (row, column), small, s = corner, self.patch // self.scale, self.scale
        low = low[:, row : row + small, column : column + small]
        high = high[:, row * s : (row + small) * s, column * s : (column + small) * s]
        return _turn(low, way), _turn(high, way)

    def state_dict(self) -> dict[str, Any]:
        """Return the random state, and what it is a state of."""
        return {
            "random": self._random.get_state(),
            "photos": len(self._pairs),
            "scale": self.scale,
            "patch": self.patch,
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: If the state is of other patches.
        """
        for name, ours in self.state_dict().items():
            if name != "random" and state[name] != ours:
                raise ValueError(f"the state has {name} = {state[name]}, not {ours}")
        self._random.set_state(state["random"])


def shrink(photo: Tensor, scale: int) -> Pair:
    """Return a photograph's pixels beside those of its shrunk copy, uint8.

    Args:
        photo: Image (C, H, W), float in [-1, 1] or uint8.
        scale: How much smaller; rows and columns it leaves over are cut off.

    Raises:
        ValueError: If the photograph has another shape, or sides below the scale, or
            ``scale`` is not positive.
    """
    if scale < 1 or photo.ndim != 3 or min(photo.shape[1:]) < scale:
        raise ValueError(
            f"scale is {scale}, the photograph has shape {tuple(photo.shape)}; "
            "expected a scale of at least 1, and (C, H, W) with sides of at least that"
        )
    pixels = photo if photo.dtype == torch.uint8 else to_pixels(photo)
    rows, columns = (side // scale * scale for side in pixels.shape[1:])
    pixels = pixels[:, :rows, :columns].contiguous()
    small = bicubic(from_pixels(pixels)[None], 1 / scale)[0]
    return Pair(to_pixels(small), pixels)


def _turn(patch: Tensor, way: int) -> Tensor:
    """Return one of the eight ways that a square can lie."""
    if way & 1:
        patch = patch.flip(1)
    if way & 2:
        patch = patch.flip(2)
    return patch.transpose(1, 2) if way & 4 else patch


def _check_photo(photo: Tensor, number: int, patch: int) -> None:
    if photo.ndim != 3 or photo.shape[0] != 3:
        raise ValueError(
            f"photograph {number} has shape {tuple(photo.shape)}; expected (3, H, W)"
        )
    if min(photo.shape[1:]) < patch:
        raise ValueError(
            f"photograph {number} has {photo.shape[1]} x {photo.shape[2]} pixels; "
            f"expected at least the patch, {patch} x {patch}"
        )
