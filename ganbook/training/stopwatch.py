"""Who waits for whom: the trainer for its images, or the images for the trainer."""

import time
from typing import Any

from torch import Tensor

from ganbook.training.batches import Batches


class Stopwatch:
    """Batches that note how long the trainer waits for them.

    Between two batches the trainer works; until a batch is there it waits. (A step
    ends by reading its losses, so that a GPU has really finished it.) Of several
    processes each times its own share.

    Args:
        batches: Where the images come from.

    Attributes:
        waited: Seconds spent in getting batches.
        worked: Seconds spent between them.
        images: How many were timed.

    Example:
        >>> images = torch.zeros(64, 1, 28, 28)
        >>> watch = Stopwatch(TensorBatches(images, 32, seed=0))
        >>> next(watch).shape
        torch.Size([32, 1, 28, 28])
        >>> watch.images
        32
    """

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        if hasattr(batches, "shard"):
            self.shard = batches.shard
        self.restart()

    def restart(self) -> None:
        """Forget what was timed: a first batch that started workers, a warm-up."""
        self.waited = self.worked = 0.0
        self.images = self._before_last = 0
        self._given: float | None = None

    def __next__(self) -> Tensor:
        """Return the next batch."""
        asked = time.perf_counter()
        if self._given is not None:
            self.worked += asked - self._given
        batch = next(self.batches)
        self._given = time.perf_counter()
        self.waited += self._given - asked
        self._before_last, self.images = self.images, self.images + len(batch)
        return batch

    @property
    def share(self) -> float:
        """The share of the time that was spent waiting."""
        return self.waited / ((self.waited + self.worked) or 1.0)

    @property
    def loader_rate(self) -> float:
        """Images per second that arrive while the trainer waits for nothing else."""
        return self.images / (self.waited or float("inf"))

    @property
    def step_rate(self) -> float:
        """Images per second that the trainer would use if it never waited."""
        return self._before_last / (self.worked or float("inf"))

    def __str__(self) -> str:
        """Say all of it in one line."""
        return (
            f"loader {self.loader_rate:,.0f} images/s, step {self.step_rate:,.0f} "
            f"images/s, {self.share:.1%} of the time waiting"
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the batches; times are not part of it."""
        return self.batches.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where the state was taken."""
        self.batches.load_state_dict(state)
