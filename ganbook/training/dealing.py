"""Whose turn a row of the batch is: shares for processes, pieces for one after another.

Shares and pieces are the same cut. Of P processes that take n pieces each, piece i of
process r holds rows r + iP, r + (i + n)P, ...: every nP-th. With rows taken in turn,
rather than in blocks, the beginning of a batch is the beginning of each piece, so that
of many generated images the discriminator sees the same ones as in a single process.
"""

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from ganbook.training.processes import Processes

#: A tensor, or a (named) tuple of tensors whose rows belong together.
BatchT = TypeVar("BatchT", Tensor, tuple[Tensor, ...])


@dataclass
class Piece:
    """What passes through the networks at once.

    Attributes:
        real: Real images (N, C, H, W).
        z: Latent vectors (M, D), M >= N.
        fake: What the generator made of them, as long as it is needed.
    """

    real: Tensor
    z: Tensor
    fake: Tensor | None = None


def deal(
    batch: BatchT, processes: Processes, pieces: int = 1, *, sharded: bool = False
) -> list[BatchT]:
    """Return the pieces of a batch that are this process's, on its device.

    Args:
        batch: The same in all processes.
        processes: Among whom it is dealt.
        pieces: In how many pieces a process takes its share.
        sharded: Whether ``batch`` is this process's share already.

    Raises:
        ValueError: If the rows cannot be dealt equally.
    """
    rank, count = (0, 1) if sharded else (processes.rank, processes.count)
    parts = pieces * count
    rows = len(batch[0] if isinstance(batch, tuple) else batch)
    if rows % parts:
        raise ValueError(
            f"a batch of {rows} cannot be dealt equally to {count} processes "
            f"in accumulate = {pieces} pieces: {rows} is no multiple of {parts}"
        )
    firsts = range(rank, parts, count)
    return [_rows(batch, first, parts, processes) for first in firsts]


def _rows(batch: BatchT, first: int, every: int, processes: Processes) -> BatchT:
    if isinstance(batch, tuple):
        parts = [_rows(x, first, every, processes) for x in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    return batch[first::every].to(processes.device)
