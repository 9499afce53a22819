"""The other way to train: one network, one loss that only goes down."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganbook.training.batches import Batches, as_batches, shard
from ganbook.training.dealing import deal
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.player import Player
from ganbook.training.precision import choose_dtype
from ganbook.training.processes import Processes
from ganbook.training.randomness import OwnRandom
from ganbook.training.stepping import Steps, check_fits

#: Maps the network, a batch and a source of noise to the scalar to minimize.
BatchLoss = Callable[[nn.Module, Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Descent:
    """What happened in one step.

    Attributes:
        number: Steps taken so far, this one included.
        loss: The loss of the batch, before the update.
    """

    number: int
    loss: float


class Minimizer:
    """Minimizes one loss of one network: how rivals of the game are trained.

    It is to a single network what :class:`~ganbook.training.Trainer` is to two:
    steps to iterate, a history, a moving average of the weights, a state that
    resumes bit for bit on the same machine. Several processes share its batches as
    they share a trainer's; noise and dropout they draw each for itself, by the rule of
    :mod:`~ganbook.training.randomness`.

    Args:
        network: What is trained.
        loss: Called as ``loss(network, batch, random)``, a mean over the batch; all
            its noise comes from ``random``, a generator on the CPU.
        data: Images (N, C, H, W) in [-1, 1] or points (N, D) in memory, or any
            :class:`~ganbook.training.batches.Batches`.
        batch_size: Of the batches of a tensor, of all processes together.
        accumulate: In how many pieces, one after another, a process takes its share:
            less memory, the same gradient.
        learning_rate: Adam's.
        betas: Adam's decay rates of the first and the second moment.
        ema_decay: Decay of the moving average of the weights.
        precision: ``"bf16"``, ``"fp32"``, or ``"auto"``: bf16 where the hardware
            multiplies in it.
        seed: Of all that is random in training: batches, the loss's noise, dropout.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: BatchLoss,
        data: Tensor | Batches,
        *,
        batch_size: int = 64,
        accumulate: int = 1,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        ema_decay: float = 0.999,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        if accumulate < 1:
            raise ValueError(f"accumulate is {accumulate}; expected at least 1")
        self.processes = Processes()
        self.device = self.processes.device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.network, self.accumulate = network, accumulate
        self._player = Player(
            "network", network, self.processes, learning_rate=learning_rate, betas=betas
        )
        self.ema = ExponentialMovingAverage(network, ema_decay)
        self.loss = loss
        self._dtype = choose_dtype(precision, self.device)
        self.batches = as_batches(data, batch_size, seed=seed, device=self.device)
        self._sharded = shard(self.batches, self.processes.rank, self.processes.count)
        self.history = History()
        self._own_random = OwnRandom(seed, self.processes)

    @property
    def steps_taken(self) -> int:
        """The number of steps taken so far."""
        return self.ema.updates

    def steps(self, count: int) -> Steps[Descent]:
        """Return the next ``count`` steps, taken as they are asked for."""
        return Steps(self, count)

    def step(self) -> Descent:
        """Take one step.

        Raises:
            DivergenceError: If the loss or its gradient is not finite; the update is
                not made.
            ProcessLostError: If another process no longer answers.
            ValueError: If a batch cannot be dealt equally to processes and pieces.
        """
        batch, number = next(self.batches), self.steps_taken + 1
        pieces = deal(batch, self.processes, self.accumulate, sharded=self._sharded)
        with self._own_random.in_force(self.steps_taken):
            loss = self._player.update(
                self._losses(pieces), pieces=len(pieces), step=number
            )
        self.ema.update(self.network)
        self.history.append({"loss": loss})
        return Descent(number, loss)

    def _losses(self, pieces: list[Tensor]) -> Iterator[Tensor]:
        bf16 = self._dtype == torch.bfloat16
        for piece in pieces:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
                loss = self.loss(
                    self.network, piece, self._own_random.generator
                ).float()
            yield loss

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened.

        Like PyTorch's, the state refers to the live weights: save or copy it
        before the next step.
        """
        return {
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self._player.state_dict(),
            "batches": self.batches.state_dict(),
            "history": self.history.state_dict(),
            "noise": self._own_random.generator.get_state(),
            "dropout_random": self._own_random.rest.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, bit for bit on the same machine.

        Raises:
            ValueError: If the state is of another network or other data; nothing
                is changed then.
        """
        check_fits(self.network, state["network"], "network")
        self.batches.load_state_dict(state["batches"])
        self.network.load_state_dict(state["network"])
        self.ema.load_state_dict(state["ema"])
        self._player.load_state_dict(state["optimizer"])
        self.history.load_state_dict(state["history"])
        self._own_random.load(state["noise"], state["dropout_random"])
