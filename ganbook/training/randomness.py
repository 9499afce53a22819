"""Random states of one's own: in a program, and among processes.

What concerns the batch as a whole (which images, which latent vectors) is drawn by all
processes alike, and each takes its share: it does not depend on their number. What
touches single images on their way (augmentation, dropout, the noise of a loss) each
process draws for itself. Process 0 goes on where a single process would; the others
begin a new stream at each step, of which seed, step and rank decide. So a checkpoint
holds the states of process 0 alone and fits any number of processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from ganbook.training.processes import Processes


def stream_seed(seed: int, step: int, rank: int) -> int:
    """Return the seed of what process ``rank`` draws for itself in a step.

    The three numbers are hashed: neighbors' streams have nothing in common.
    """
    words = np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)
    return int(words[0])


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
        self._sources = {"cpu": torch.random}
        if device.type != "cpu":
            self._sources[device.type] = getattr(torch, device.type)
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Begin again from a seed."""
        # torch.manual_seed would seed every device of the program.
        self._states = {
            kind: torch.Generator(kind).manual_seed(seed).get_state()
            for kind in self._sources
        }

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
        """Return the state of each source of random numbers, by its kind of device."""
        return {kind: state.clone() for kind, state in self._states.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state``; what a device of another kind drew is ignored."""
        if "0" in state:  # once they were numbered, the CPU's first
            state = {"cpu": state["0"]}
        for kind in self._states.keys() & state.keys():
            self._states[kind] = state[kind].clone()

    def _read_global(self) -> dict[str, Tensor]:
        return {kind: source.get_rng_state() for kind, source in self._sources.items()}

    def _write_global(self, states: dict[str, Tensor]) -> None:
        for kind, state in states.items():
            self._sources[kind].set_rng_state(state)


class OwnRandom:
    """What one process draws for itself in its steps.

    Args:
        seed: Of the run.
        processes: Which of how many this is.

    Attributes:
        generator: For what takes one: augmentation, the noise of a loss.
        rest: For what draws from the global state: dropout, the gradient penalty.
    """

    def __init__(self, seed: int, processes: Processes) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.rest = RandomState(seed, processes.device)
        self._seed, self._rank = seed, processes.rank

    @contextmanager
    def in_force(self, step: int) -> Iterator[None]:
        """Draw what ``step`` draws; the global state is ours as long."""
        if self._rank:
            seed = stream_seed(self._seed, step, self._rank)
            self.generator.manual_seed(seed)
            self.rest.restart(seed)
        with self.rest.in_force():
            yield

    def load(self, generator: Tensor, rest: dict[str, Tensor]) -> None:
        """Go on from the states, and the seed, of process 0 of a run."""
        self.generator.set_state(generator)
        self._seed = self.generator.initial_seed()
        self.rest.load_state_dict(rest)
