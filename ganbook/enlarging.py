"""The training loop of super-resolution, for all stages of the paper."""

from collections.abc import Callable
from math import cos, pi
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganbook.data import Patches
from ganbook.losses import Loss, non_saturating
from ganbook.perceptual import Objective, PairedLoss, paired
from ganbook.training.dealing import deal
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.game import frozen
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.player import Player
from ganbook.training.precision import choose_dtype
from ganbook.training.processes import Processes
from ganbook.training.randomness import OwnRandom
from ganbook.training.stepping import Steps, check_fits


class Enlargement(NamedTuple):
    """What happened in one step: the step's number, and losses before the update.

    Attributes:
        number: Steps taken so far, this one included.
        pixel: Mean absolute error.
        content: Content loss, 0 where it does not count.
        generator: The generator's adversarial loss, 0 where it does not count.
        discriminator: The discriminator's loss, likewise.
    """

    number: int
    pixel: float
    content: float
    generator: float
    discriminator: float


class SuperResolver:
    """Trains a network to enlarge, through any stage of the paper.

    It is to pairs what :class:`~ganbook.training.Trainer` is to latent vectors:
    steps to iterate, a history, a moving average, a state that resumes bit for bit.
    The learning rate falls along half a cosine to nothing at step ``length``.

    Several processes share its batches as they share a trainer's. What is a mean over
    the batch is then the same as in one process; :func:`content_loss` and
    :func:`relativistic`, which compare with averages, compare with those of their own
    share.

    Args:
        generator: From (N, 3, h, w) to (N, 3, scale h, scale w).
        pairs: A source of pairs, :class:`ganbook.data.Patches`.
        objective: What counts how much.
        length: Steps after which the learning rate has fallen to 0.
        content: The content loss, from :func:`content_loss`; needed if it counts.
        discriminator: From (N, 3, H, W) to logits; needed if the game counts. H and W
            are those of a patch, less ``jitter``.
        loss: The game, :func:`relativistic` or a :class:`ganbook.losses.Loss`; by
            default the non-saturating one.
        learning_rates: Of the generator and the discriminator (Adam), at the start.
        jitter: Rows and columns less than a patch that the content loss and the
            discriminator see, at a place drawn in each step. Their strides of two
            pull at some pixels of the grid more than at others. Where they always
            see the same pixels in the same places, the generator answers with a
            pattern of its scale; so 2 x scale is a good choice for them.
        ema_decay: Decay of the moving average of the generator.
        precision: ``"bf16"``, ``"fp32"``, or ``"auto"``.
        seed: Of what the networks draw, as dropout; ``pairs`` have their own.

    Raises:
        ValueError: If something is missing that the objective counts, or ``length``
            is below 1, or ``jitter`` negative or as large as the patch.
    """

    def __init__(
        self,
        generator: nn.Module,
        pairs: Patches,
        *,
        length: int,
        objective: Objective | None = None,
        content: Callable[[Tensor, Tensor], Tensor] | None = None,
        discriminator: nn.Module | None = None,
        loss: PairedLoss | Loss | None = None,
        learning_rates: tuple[float, float] = (1e-3, 1e-4),
        jitter: int = 0,
        ema_decay: float = 0.999,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        if length < 1:
            raise ValueError(f"length is {length}; expected at least 1 step")
        if not 0 <= jitter < pairs.patch:
            raise ValueError(f"jitter is {jitter}; expected 0 to below {pairs.patch}")
        self.objective, self.jitter = objective or Objective(), jitter
        if self.objective.content and content is None:
            raise ValueError("the content loss counts; expected content=...")
        if self.objective.adversarial and discriminator is None:
            raise ValueError("the game counts; expected discriminator=...")
        self.processes = Processes()
        self.device = self.processes.device
        if self.device.type == "cpu":
            keep_freed_memory()
        loss = loss or non_saturating()
        self.loss = paired(loss) if isinstance(loss, Loss) else loss
        self.content, self.batches, self.length = content, pairs, length
        self.generator = generator
        self.discriminator = discriminator if self.objective.adversarial else None
        self._rates = dict(zip(self._networks(), learning_rates, strict=False))
        self._players = {}
        for name, network in self._networks().items():
            # A tenth faster on CPU and GPU alike.
            network.to(memory_format=torch.channels_last)
            self._players[name] = Player(
                name,
                network,
                self.processes,
                learning_rate=self._rates[name],
                betas=(0.9, 0.99),
            )
        self.ema = ExponentialMovingAverage(generator, ema_decay)
        self._dtype = choose_dtype(precision, self.device)
        self.history = History()
        self._own_random = OwnRandom(seed, self.processes)

    @property
    def steps_taken(self) -> int:
        """The number of steps taken so far."""
        return self.ema.updates

    def steps(self, count: int) -> Steps[Enlargement]:
        """Return the next ``count`` steps, taken as they are asked for."""
        return Steps(self, count)

    def step(self) -> Enlargement:
        """Take one step: the discriminator's update, then the generator's.

        Both use the same enlarged batch, as :class:`~ganbook.training.Trainer` does.

        Raises:
            DivergenceError: If a loss or its gradient is not finite; the update is
                not made.
            ProcessLostError: If another process no longer answers.
            ValueError: If a batch cannot be dealt equally to the processes.
        """
        self._set_rates()
        (pair,) = deal(next(self.batches), self.processes)
        pair = (x.contiguous(memory_format=torch.channels_last) for x in pair)
        with self._own_random.in_force(self.steps_taken):
            return self._learn(*pair)

    def _learn(self, low: Tensor, high: Tensor) -> Enlargement:
        with self._autocast():
            enlarged = self.generator(low).float()
        seen = self._seen(enlarged), self._seen(high)
        judged = self._move_discriminator(seen[1], seen[0].detach())
        parts = self._move_generator(l1_loss(enlarged, high), *seen)
        self.ema.update(self.generator)
        step = Enlargement(self.steps_taken, *parts, judged)
        row = step._asdict()
        del row["number"]
        self.history.append(row)
        return step

    def _set_rates(self) -> None:
        left = (1 + cos(pi * min(self.steps_taken / self.length, 1))) / 2
        for name, player in self._players.items():
            player.learning_rate = self._rates[name] * left

    def _move_discriminator(self, real: Tensor, fake: Tensor) -> float:
        if self.discriminator is None:
            return 0.0
        with self._autocast():
            logits = [self.discriminator(images).float() for images in (real, fake)]
        return self._update("discriminator", self.loss.discriminator(*logits))

    def _seen(self, images: Tensor) -> Tensor:
        """Return what content loss and discriminator see: one place in each step."""
        draws = torch.Generator().manual_seed(self.steps_taken)
        row, column = torch.randint(self.jitter + 1, (2,), generator=draws).tolist()
        size = images.shape[2] - self.jitter
        return images[:, :, row : row + size, column : column + size]

    def _move_generator(
        self, pixel: Tensor, enlarged: Tensor, high: Tensor
    ) -> list[float]:
        """Update it; return the three parts of its loss, unweighted."""
        content = adversarial = torch.zeros((), device=self.device)
        if self.objective.content:  # depthwise convolutions are no faster in bf16
            content = self.content(enlarged, high)
        if self.objective.adversarial:
            with self._autocast():
                adversarial = self._adversarial(enlarged, high)
        goal, parts = self.objective, [pixel, content, adversarial]
        weights = goal.pixel, goal.content, goal.adversarial
        terms = [w * part for w, part in zip(weights, parts, strict=True)]
        self._update("generator", sum(terms))
        return self.processes.mean(torch.stack(parts).detach()).tolist()

    def _adversarial(self, enlarged: Tensor, high: Tensor) -> Tensor:
        with torch.no_grad():
            real = self.discriminator(high).float()
        with frozen(self.discriminator):
            return self.loss.generator(real, self.discriminator(enlarged).float())

    def _update(self, name: str, loss: Tensor) -> float:
        player = self._players[name]
        return player.update([loss], pieces=1, step=self.steps_taken + 1)

    def _networks(self) -> dict[str, nn.Module]:
        players = {"generator": self.generator}
        if self.discriminator is not None:
            players["discriminator"] = self.discriminator
        return players

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16
        )

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened.

        Like PyTorch's, the state refers to the live weights: save or copy it
        before the next step.
        """
        return {
            "players": {name: n.state_dict() for name, n in self._networks().items()},
            "optimizers": {name: p.state_dict() for name, p in self._players.items()},
            "ema": self.ema.state_dict(),
            "batches": self.batches.state_dict(),
            "history": self.history.state_dict(),
            "noise": self._own_random.generator.get_state(),
            "dropout_random": self._own_random.rest.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, bit for bit on the same machine.

        Raises:
            ValueError: If the state is of other networks or other data; nothing is
                changed then.
        """
        if state["players"].keys() != self._players.keys():
            raise ValueError(
                f"the state has players {', '.join(state['players'])}; "
                f"expected {', '.join(self._players)}"
            )
        for name, network in self._networks().items():
            check_fits(network, state["players"][name], name)
        self.batches.load_state_dict(state["batches"])
        for name, network in self._networks().items():
            network.load_state_dict(state["players"][name])
            self._players[name].load_state_dict(state["optimizers"][name])
        self.ema.load_state_dict(state["ema"])
        self.history.load_state_dict(state["history"])
        if "noise" in state:  # the first checkpoints are without: nothing was drawn
            self._own_random.load(state["noise"], state["dropout_random"])
