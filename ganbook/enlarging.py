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
from ganbook.training.divergence import DivergenceError
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.precision import choose_dtype
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

    Args:
        generator: From (N, 3, h, w) to (N, 3, scale h, scale w).
        pairs: A source of pairs, :class:`ganbook.data.Patches`.
        objective: What counts how much.
        length: Steps after which the learning rate has fallen to 0.
        content: The content loss, from :func:`content_loss`; needed if it counts.
        discriminator: From (N, 3, H, W) to logits; needed if the game counts.
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
        device: Where to train; by default the GPU if there is one.

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
        device: torch.device | str | None = None,
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
        usual = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device or usual)
        if self.device.type == "cpu":
            keep_freed_memory()
        loss = loss or non_saturating()
        self.loss = paired(loss) if isinstance(loss, Loss) else loss
        self.content, self.batches, self.length = content, pairs, length
        self.players = {"generator": generator.to(self.device)}
        if self.objective.adversarial:
            self.players["discriminator"] = discriminator.to(self.device)
        for network in self.players.values():  # a tenth faster on CPU and GPU alike
            network.to(memory_format=torch.channels_last)
        self.ema = ExponentialMovingAverage(generator, ema_decay)
        self._rates = dict(zip(self.players, learning_rates, strict=False))
        self._optimizers = {
            player: torch.optim.Adam(
                network.parameters(), self._rates[player], (0.9, 0.99), fused=True
            )
            for player, network in self.players.items()
        }
        self._dtype = choose_dtype(precision, self.device)
        self.history = History()

    @property
    def generator(self) -> nn.Module:
        """The network that enlarges."""
        return self.players["generator"]

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
            DivergenceError: If a loss is not finite; the update that it would
                have caused is not made.
        """
        self._set_rates()
        low, high = next(self.batches).to(self.device)
        low, high = (
            x.contiguous(memory_format=torch.channels_last) for x in (low, high)
        )
        with self._autocast():
            enlarged = self.generator(low).float()
        seen = self._seen(enlarged), self._seen(high)
        judged = self._move_discriminator(seen[1], seen[0].detach())
        pixel = l1_loss(enlarged, high)
        parts = self._move_generator(pixel, *seen)
        self.ema.update(self.generator)
        step = Enlargement(self.steps_taken, *parts, judged)
        row = step._asdict()
        del row["number"]
        self.history.append(row)
        return step

    def _set_rates(self) -> None:
        left = (1 + cos(pi * min(self.steps_taken / self.length, 1))) / 2
        for player, optimizer in self._optimizers.items():
            optimizer.param_groups[0]["lr"] = self._rates[player] * left

    def _move_discriminator(self, real: Tensor, fake: Tensor) -> float:
        if "discriminator" not in self.players:
            return 0.0
        discriminator = self.players["discriminator"]
        with self._autocast():
            logits = [discriminator(images).float() for images in (real, fake)]
        loss = self.loss.discriminator(*logits)
        self._update("discriminator", loss)
        return loss.item()

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
        goal = self.objective
        self._update(
            "generator",
            goal.pixel * pixel
            + goal.content * content
            + goal.adversarial * adversarial,
        )
        return [part.item() for part in (pixel, content, adversarial)]

    def _adversarial(self, enlarged: Tensor, high: Tensor) -> Tensor:
        discriminator = self.players["discriminator"]
        discriminator.requires_grad_(False)
        try:
            with torch.no_grad():
                real = discriminator(high).float()
            return self.loss.generator(real, discriminator(enlarged).float())
        finally:
            discriminator.requires_grad_(True)

    def _update(self, player: str, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise DivergenceError(player, loss.item(), self.steps_taken + 1)
        self._optimizers[player].zero_grad()
        loss.backward()
        self._optimizers[player].step()

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
            "players": {p: n.state_dict() for p, n in self.players.items()},
            "optimizers": {p: o.state_dict() for p, o in self._optimizers.items()},
            "ema": self.ema.state_dict(),
            "batches": self.batches.state_dict(),
            "history": self.history.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, bit for bit on the same machine.

        Raises:
            ValueError: If the state is of other networks or other data; nothing is
                changed then.
        """
        if state["players"].keys() != self.players.keys():
            raise ValueError(
                f"the state has players {', '.join(state['players'])}; "
                f"expected {', '.join(self.players)}"
            )
        for player, network in self.players.items():
            check_fits(network, state["players"][player], player)
        self.batches.load_state_dict(state["batches"])
        for player, network in self.players.items():
            network.load_state_dict(state["players"][player])
            optimizer = self._optimizers[player]
            optimizer.load_state_dict(state["optimizers"][player])
            for weight, moments in optimizer.state.items():  # laid out as the weights
                for name in ("exp_avg", "exp_avg_sq"):
                    moments[name] = torch.empty_like(weight).copy_(moments[name])
        self.ema.load_state_dict(state["ema"])
        self.history.load_state_dict(state["history"])
