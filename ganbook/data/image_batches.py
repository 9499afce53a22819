"""Batches of images kept as bytes: from memory, or from files as they are needed."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from ganbook.data.image_folder import ImageFiles
from ganbook.data.pixels import from_pixels


class _Order(Sampler[list[int]]):
    """Endless batches of indices; an epoch is a permutation, as in TensorBatches."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.count, self.batch_size = count, batch_size
        self.began = torch.Generator().manual_seed(seed).get_state()
        self.used = 0  # images of the epoch, when iteration starts
        self.share = slice(None)  # of each batch

    def __iter__(self) -> Iterator[list[int]]:
        random, used = torch.Generator(), self.used
        random.set_state(self.began)
        while True:
            order = torch.randperm(self.count, generator=random)
            while used + self.batch_size <= self.count:
                yield order[used : used + self.batch_size][self.share].tolist()
                used += self.batch_size
            used = 0

    def move_to(self, batches: int) -> None:
        """Let the next iteration begin that many batches later."""
        per_epoch = self.count // self.batch_size
        epochs, within = divmod(self.used // self.batch_size + batches, per_epoch)
        random = torch.Generator()
        random.set_state(self.began)
        for _ in range(epochs):
            torch.randperm(self.count, generator=random)
        self.began, self.used = random.get_state(), within * self.batch_size


class PixelBatches:
    """Batches of float images, (N, C, H, W) in [-1, 1], of images kept as bytes.

    In memory they take a quarter of what floats would; a batch is one indexing
    operation and one conversion. The order is that of
    :class:`ganbook.training.TensorBatches`: an epoch is a permutation, and what is
    left over at its end (less than a batch) is not used in it.

    Files (:class:`ImageFiles`) are read as they are needed, by ``workers`` processes
    that run ahead; the order does not depend on how many there are, and no epoch
    waits for the one before.

    Args:
        images: uint8 (N, C, H, W), or files.
        batch_size: Images in a batch.
        seed: Decides the order.
        workers: Processes that read files; 0 reads in this one. A tensor has no use
            for them.

    Raises:
        ValueError: If ``images`` is neither, or holds less than a batch.
    """

    def __init__(
        self,
        images: Tensor | ImageFiles,
        batch_size: int,
        *,
        seed: int,
        workers: int = 0,
    ) -> None:
        if not isinstance(images, Tensor | ImageFiles):
            raise ValueError(
                f"images are {type(images).__name__}; expected Tensor or ImageFiles"
            )
        if isinstance(images, Tensor) and (
            images.ndim != 4 or images.dtype != torch.uint8
        ):
            raise ValueError(
                f"images are {images.dtype} of shape {tuple(images.shape)}; "
                "expected uint8 (N, C, H, W)"
            )
        if not 1 <= batch_size <= len(images):
            raise ValueError(
                f"batch_size is {batch_size}; expected 1 to {len(images)}, "
                "the number of images"
            )
        if workers < 0:
            raise ValueError(f"workers is {workers}; expected at least 0")
        self.images, self.batch_size, self.workers = images, batch_size, workers
        self._order = _Order(len(images), batch_size, seed)
        self._taken = 0
        self._iterator: Iterator[Tensor] | None = None

    def __next__(self) -> Tensor:
        """Return the next batch."""
        if self._iterator is None:
            self._iterator = self._start()
        batch = next(self._iterator)
        self._taken += 1
        return from_pixels(batch)

    def _start(self) -> Iterator[Tensor]:
        if isinstance(self.images, Tensor):
            return (self.images[indices] for indices in self._order)
        return iter(
            DataLoader(
                self.images,
                batch_sampler=self._order,
                generator=torch.Generator(),  # else it draws from the global one
                num_workers=self.workers,
                prefetch_factor=4 if self.workers else None,
            )
        )

    def shard(self, rank: int, count: int) -> None:
        """Return rows ``rank::count`` of each batch from now on, and read no others."""
        if not 0 <= rank < count or self.batch_size % count:
            raise ValueError(
                f"got rank {rank} of {count} and batches of {self.batch_size}; "
                "expected a rank below their number, which divides the batch"
            )
        self._settle()
        self._iterator, self._order.share = None, slice(rank, None, count)

    def state_dict(self) -> dict[str, Any]:
        """Return the place of the next batch; what workers read ahead is not lost."""
        self._settle()
        return {
            "epoch_began": self._order.began,
            "used": self._order.used,
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
        self._iterator, self._taken = None, 0
        self._order.began, self._order.used = state["epoch_began"], state["used"]

    def _settle(self) -> None:
        """Note in the order how far it was used.

        The running iterator copied what it needs when it began, and goes on.
        """
        self._order.move_to(self._taken)
        self._taken = 0


def stream(
    images: Tensor | ImageFiles, batch_size: int, *, seed: int, workers: int = 2
) -> PixelBatches:
    """Read batches ahead of those who use them: :class:`PixelBatches` with workers."""
    return PixelBatches(images, batch_size, seed=seed, workers=workers)
