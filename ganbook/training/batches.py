"""Where a trainer's real images come from."""

from typing import Any, Protocol

import torch
from torch import Tensor

from ganbook.augmentation import Augmentation


class Batches(Protocol):
    """An endless source of real batches that can be resumed.

    Where several processes train, each source yields the same whole batches in all of
    them, and the trainer takes its share. A source for which that is a waste (it reads
    files) may have a method ``shard(rank, count)``: from then on ``next`` returns rows
    ``rank::count`` of each batch and nothing else.
    """

    def __next__(self) -> Tensor:
        """Return the next batch: images (N, C, H, W) in [-1, 1], or points (N, D)."""

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where the state was taken."""


def shard(batches: Batches, rank: int, count: int) -> bool:
    """Ask ``batches`` for one share only; return whether they understood."""
    if count == 1 or not hasattr(batches, "shard"):
        return False
    batches.shard(rank, count)
    return True


class TensorBatches:
    """Batches of a tensor in memory: an epoch is a permutation of its indices.

    A batch is one indexing operation. Images left over at the end of an epoch
    (fewer than a batch) are not used in that epoch.

    Args:
        images: Images (N, C, H, W), float in [-1, 1], or points (N, D).
        batch_size: Images in a batch.
        seed: Seed of the permutations.

    Raises:
        ValueError: If ``images`` is not such a tensor, or smaller than a batch.
    """

    def __init__(self, images: Tensor, batch_size: int, *, seed: int) -> None:
        if images.ndim not in (2, 4) or not images.is_floating_point():
            raise ValueError(
                f"images are {images.dtype} of shape {tuple(images.shape)}; "
                "expected floating point (N, C, H, W) or (N, D)"
            )
        if not 1 <= batch_size <= len(images):
            raise ValueError(
                f"batch_size is {batch_size}; expected 1 to {len(images)}, "
                "the number of images"
            )
        self.images = images
        self.batch_size = batch_size
        self._random = torch.Generator().manual_seed(seed)
        self._epoch_began = self._random.get_state()
        self._order = torch.randperm(len(images), generator=self._random)
        self._used = 0

    def __next__(self) -> Tensor:
        """Return the next batch."""
        if self._used + self.batch_size > len(self._order):
            self._start_epoch(self._random.get_state(), used=0)
        chosen = self._order[self._used : self._used + self.batch_size]
        self._used += self.batch_size
        return self.images[chosen.to(self.images.device)]

    def _start_epoch(self, random_state: Tensor, *, used: int) -> None:
        self._epoch_began = random_state
        self._random.set_state(random_state)
        self._order = torch.randperm(len(self.images), generator=self._random)
        self._used = used

    def state_dict(self) -> dict[str, Any]:
        """Return the random state at the epoch's start and the place in it."""
        return {
            "epoch_began": self._epoch_began,
            "used": self._used,
            "images": len(self.images),
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: If the state is of another number of images or batch size.
        """
        for name, ours in (
            ("images", len(self.images)),
            ("batch_size", self.batch_size),
        ):
            if state[name] != ours:
                raise ValueError(f"the state has {name} = {state[name]}, not {ours}")
        self._start_epoch(state["epoch_began"], used=state["used"])


def as_batches(
    images: Tensor | Batches, batch_size: int, *, seed: int, device: torch.device
) -> Batches:
    """Return what a trainer draws from: a tensor's batches, on its device, or yours.

    Args:
        images: Images (N, C, H, W) in [-1, 1] or points (N, D), floating point; or a
            source of batches, which is returned as it is.
        batch_size: Of a tensor's batches.
        seed: Of their order.
        device: Where they lie, as float32.

    Raises:
        ValueError: If ``images`` is neither, images are out of range or hold a NaN,
            or there are fewer than a batch.
    """
    if not isinstance(images, Tensor):
        if not hasattr(images, "__next__"):
            raise ValueError(
                f"images are a {type(images).__name__}; expected a float tensor or "
                "Batches"
            )
        return images
    if images.is_floating_point():
        images = images.float().to(device)
    batches = TensorBatches(images, batch_size, seed=seed)
    if images.ndim == 4:
        low, high = images.aminmax()
        if not (low >= -1.001 and high <= 1.001):  # nor is a NaN
            raise ValueError(f"images go from {low:g} to {high:g}; expected -1 to 1")
    return batches


class AugmentedBatches:
    """Batches that pass through an augmentation on their way.

    Of real images alone: a generator trained with them learns to imitate the
    augmented images. A trainer's ``augment`` treats both sides alike instead.

    Args:
        batches: Where images come from.
        augment: What is done to them.
        seed: Of the augmentation.
    """

    def __init__(self, batches: Batches, augment: Augmentation, *, seed: int) -> None:
        self.batches, self.augment = batches, augment
        self._random = torch.Generator().manual_seed(seed)

    def __next__(self) -> Tensor:
        """Return the next batch, augmented."""
        return self.augment(next(self.batches), self._random)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the batches and of the augmentation."""
        return {
            "batches": self.batches.state_dict(),
            "random": self._random.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where the state was taken."""
        self.batches.load_state_dict(state["batches"])
        self._random.set_state(state["random"])
