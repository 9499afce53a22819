"""A random state of one's own, for what draws from the global one (dropout)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class RandomState:
    """The global random states of the CPU and a device, kept apart.

    Within :meth:`in_force` the global states are this object's; outside they are
    what they were. So a trainer neither disturbs the program around it nor is
    disturbed by it.

    Args:
        seed: Where to start.
        device: The device whose state is kept beside the CPU's.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        own = [] if device.type == "cpu" else [getattr(torch, device.type)]
        self._sources = [torch.random, *own]
        outer = self._read_global()
        torch.manual_seed(seed)
        self._states = self._read_global()
        self._write_global(outer)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Make this state the global one for the duration of a block."""
        outer = self._read_global()
        self._write_global(self._states)
        try:
            yield
        finally:
            self._states = self._read_global()
            self._write_global(outer)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of each source of random numbers."""
        return {str(i): state.clone() for i, state in enumerate(self._states)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state``; what a device of another kind drew is ignored."""
        for i in range(min(len(self._states), len(state))):
            self._states[i] = state[str(i)].clone()

    def _read_global(self) -> list[Tensor]:
        return [source.get_rng_state() for source in self._sources]

    def _write_global(self, states: list[Tensor]) -> None:
        for source, state in zip(self._sources, states, strict=True):
            source.set_rng_state(state)
