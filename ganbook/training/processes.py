"""The processes that train one model together, seen from one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from accelerate import Accelerator, InitProcessGroupKwargs
from torch import Tensor, nn


class ProcessLostError(RuntimeError):
    """Another process of the same training no longer answers.

    Args:
        rank: Of the process that waits.
        count: How many there were.
    """

    def __init__(self, rank: int, count: int) -> None:
        super().__init__(rank, count)

    def __str__(self) -> str:
        """Say who waits, and what to do."""
        rank, count = self.args
        return (
            f"process {rank} of {count} waits for the others in vain: one of them "
            "has ended, or is later than the time-out. Look for the first error "
            "among their messages; resume all of them from the last checkpoint."
        )


class Processes:
    """Where this process runs, which one it is of how many, and what they share.

    A launcher (``torchrun``, ``accelerate launch``) starts the same program several
    times and tells each copy its rank. Without one there is a single process, and
    nothing here does anything.

    Every process makes the same calls in the same order: each call waits for all.

    Args:
        timeout: Seconds to wait for the others before giving up. The first object
            made in a program decides: make one before the trainer to change it.

    Attributes:
        device: Where this process computes.
        rank: Its number, from 0.
        count: How many there are, on all hosts.
    """

    def __init__(self, *, timeout: float = 600.0) -> None:
        limit = InitProcessGroupKwargs(timeout=timedelta(seconds=timeout))
        accelerator = Accelerator(kwargs_handlers=[limit])
        self.device: torch.device = accelerator.device
        self.rank: int = accelerator.process_index
        self.count: int = accelerator.num_processes

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    @torch.no_grad()
    def mean(self, numbers: Tensor) -> Tensor:
        """Replace ``numbers`` by their mean over all processes."""
        if self.count > 1:
            with self._answered():
                dist.all_reduce(numbers)
            numbers /= self.count
        return numbers

    def average_gradients(self, network: nn.Module) -> None:
        """Replace each gradient by its mean over all processes.

        The mean of equal shares is the gradient of the whole batch. All gradients
        travel as one vector: one long message costs less than many short ones.
        """
        if self.count == 1:
            return
        slopes = [w.grad for w in network.parameters() if w.grad is not None]
        flat = self.mean(torch.cat([slope.flatten() for slope in slopes]))
        parts = flat.split([slope.numel() for slope in slopes])
        for slope, part in zip(slopes, parts, strict=True):
            slope.copy_(part.view_as(slope))

    @torch.no_grad()
    def start_alike(self, network: nn.Module) -> None:
        """Give a network the weights and statistics that it has in process 0."""
        if self.count == 1:
            return
        for value in network.state_dict().values():
            sent = value.contiguous()
            with self._answered():
                dist.broadcast(sent, src=0)
            value.copy_(sent)

    def agree(self, number: float) -> float:
        """Return the mean of what each process has: seconds, say, to decide by."""
        if self.count == 1:
            return number
        return self.mean(torch.tensor(number, device=self.device)).item()

    def all_well(self, well: bool) -> bool:
        """Tell the others whether all is well here; return whether it is everywhere."""
        flag = torch.tensor(float(well), device=self.device)
        return self.mean(flag).item() == 1

    @contextmanager
    def _answered(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # the backends have no better name for it
            raise ProcessLostError(self.rank, self.count) from error


def is_first_process() -> bool:
    """Whether this is the process that prints; asks nobody and starts nothing."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0
