"""The game as something to iterate: one step at a time, resumable bit for bit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ganbook.losses import Loss, non_saturating
from ganbook.training.batches import Batches, TensorBatches
from ganbook.training.divergence import DivergenceError
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.history import History
from ganbook.training.precision import choose_dtype
from ganbook.training.randomness import RandomState
from ganbook.training.sampling import generate, latents
from ganbook.training.stepping import Steps, check_fits


@dataclass(frozen=True)
class Step:
    """What happened in one step.

    Attributes:
        number: Steps played so far, this one included.
        discriminator_loss: In nats; log 4 = 1.386 for one that tosses a coin.
        generator_loss: In nats; log 2 = 0.693 against one that tosses a coin.
        real_accuracy: Share of real images that were called real (logit > 0).
        fake_accuracy: Share of generated images that were not.
    """

    number: int
    discriminator_loss: float
    generator_loss: float
    real_accuracy: float
    fake_accuracy: float


class Trainer:
    """Plays the game of a generator and a discriminator.

    One step updates the discriminator on a real and a generated batch, then the
    generator against the updated discriminator. The same generated batch serves
    both, so the generator runs once a step. (Algorithm 1 of Goodfellow et al.,
    2014, draws fresh noise for the second update.)

    Args:
        generator: Maps (N, latent_dim) to images; has an attribute ``latent_dim``.
        discriminator: Maps images to logits (N, 1).
        images: Real images (N, C, H, W) in [-1, 1] in memory, or any
            :class:`~ganbook.training.batches.Batches`.
        loss: What the players minimize; by default the non-saturating game.
        batch_size: Real images in a step, and as many generated ones.
        learning_rates: Of the generator and the discriminator (Adam).
        betas: Adam's decay rates of the first and the second moment.
        ema_decay: Decay of the moving average of the generator.
        precision: ``"bf16"``, ``"fp32"``, or ``"auto"``: bf16 where the hardware
            multiplies in it.
        seed: Of all that is random in training: batches, latents, dropout.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        images: Tensor | Batches,
        *,
        loss: Loss | None = None,
        batch_size: int = 64,
        learning_rates: tuple[float, float] = (2e-4, 2e-4),
        betas: tuple[float, float] = (0.5, 0.999),
        ema_decay: float = 0.999,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        accelerator = Accelerator()
        self.device = accelerator.device
        self.generator = generator.to(self.device)
        self.discriminator = discriminator.to(self.device)
        self.ema = ExponentialMovingAverage(generator, ema_decay)
        # What is called in a step: on several processes, these share gradients.
        self._generator, self._discriminator = (
            accelerator.prepare_model(player) for player in (generator, discriminator)
        )
        self.loss = loss or non_saturating()
        self._optimizers = {
            player: torch.optim.Adam(network.parameters(), rate, betas, fused=True)
            for (player, network), rate in zip(
                self._players().items(), learning_rates, strict=True
            )
        }
        self._dtype = choose_dtype(precision, self.device)
        if isinstance(images, Tensor):
            images = TensorBatches(images.to(self.device), batch_size, seed=seed)
        self.batches = images
        self.history = History()
        self._latent_random = torch.Generator().manual_seed(seed)
        self._dropout_random = RandomState(seed, self.device)

    @property
    def steps_played(self) -> int:
        """The number of steps played so far."""
        return self.ema.updates

    def steps(self, count: int) -> Steps:
        """Return the next ``count`` steps, played as they are asked for."""
        return Steps(self, count)

    def step(self) -> Step:
        """Play one step.

        Raises:
            DivergenceError: If a loss is not finite; the update that it would
                have caused is not made.
        """
        real = next(self.batches).to(self.device)
        z = torch.randn(
            len(real), self.generator.latent_dim, generator=self._latent_random
        )
        with self._dropout_random.in_force():
            return self._play(real, z.to(self.device))

    def _play(self, real: Tensor, z: Tensor) -> Step:
        with self._autocast():
            fake = self._generator(z)
            real_logits = self._discriminator(real).float()
            fake_logits = self._discriminator(fake.detach()).float()
            discriminator_loss = self.loss.discriminator(real_logits, fake_logits)
        self._update("discriminator", discriminator_loss)

        with _frozen(self.discriminator), self._autocast():
            generator_loss = self.loss.generator(self.discriminator(fake).float())
        self._update("generator", generator_loss)
        self.ema.update(self.generator)

        numbers = torch.stack(
            [
                discriminator_loss.detach(),
                generator_loss.detach(),
                (real_logits > 0).float().mean(),
                (fake_logits <= 0).float().mean(),
            ]
        )
        step = Step(self.steps_played, *numbers.tolist())
        row = asdict(step)
        del row["number"]
        self.history.append(row)
        return step

    def _update(self, player: str, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise DivergenceError(player, loss.item(), self.steps_played + 1)
        optimizer = self._optimizers[player]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16
        )

    def _players(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def sample(self, count: int, *, seed: int, average: bool = True) -> Tensor:
        """Draw images (N, C, H, W) in [-1, 1], float32 on the CPU.

        Args:
            count: How many.
            seed: Seed of the latent vectors: the same seed shows the same
                vectors through the generator as it is now.
            average: Draw from the moving average of the generator.
        """
        generator = self.ema.network if average else self.generator
        return generate(generator, latents(count, generator.latent_dim, seed=seed))

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened.

        Like PyTorch's, the state refers to the live weights: save or copy it
        before the next step.
        """
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizers": {p: o.state_dict() for p, o in self._optimizers.items()},
            "batches": self.batches.state_dict(),
            "history": self.history.state_dict(),
            "latent_random": self._latent_random.get_state(),
            "dropout_random": self._dropout_random.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, bit for bit on the same machine.

        Raises:
            ValueError: If the state is of other networks or data; nothing is
                changed then.
        """
        for player, network in self._players().items():
            check_fits(network, state[player], player)
        self.batches.load_state_dict(state["batches"])
        for player, network in self._players().items():
            network.load_state_dict(state[player])
            self._optimizers[player].load_state_dict(state["optimizers"][player])
        self.ema.load_state_dict(state["ema"])
        self.history.load_state_dict(state["history"])
        self._latent_random.set_state(state["latent_random"])
        self._dropout_random.load_state_dict(state["dropout_random"])


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through ``network`` without computing those of its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
