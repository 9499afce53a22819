"""The game as something to iterate: one step at a time, resumable bit for bit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ganbook.augmentation import Augmentation
from ganbook.losses import Loss, non_saturating
from ganbook.regularizers import Regularizer
from ganbook.training.batches import Batches, TensorBatches
from ganbook.training.divergence import DivergenceError
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.precision import choose_dtype
from ganbook.training.randomness import RandomState
from ganbook.training.sampling import generate, latents
from ganbook.training.step import Step
from ganbook.training.stepping import Steps, check_fits


class Trainer:
    """Plays the game of a generator and a discriminator.

    One step updates the discriminator on a real and a generated batch, then the
    generator against the updated discriminator. The same generated batch serves
    both, so the generator runs once a step. (Algorithm 1 of Goodfellow et al.,
    2014, draws fresh noise for the second update.)

    What the discriminator sees, real or generated and in either update, it sees
    through ``augment``. What holds it back, beside its loss, is a ``regularizer``.

    Args:
        generator: Maps (N, latent_dim) to images; has an attribute ``latent_dim``.
        discriminator: Maps images to logits (N, 1).
        images: Real images (N, C, H, W) in [-1, 1] in memory (or points (N, D),
            for a game in the plane), or any
            :class:`~ganbook.training.batches.Batches`.
        loss: What the players minimize; by default the non-saturating game.
        regularizer: What the discriminator's loss gains beside it, from
            :mod:`ganbook.regularizers`. It is computed in float32.
        regularize_every: If n, the penalty counts in every n-th step only, n times
            (lazy regularization: Karras et al., 2020, appendix B).
        discriminator_steps: Updates of the discriminator in a step, each on a fresh
            real and a fresh generated batch.
        augment: How the discriminator sees images, from :mod:`ganbook.augmentation`.
        batch_size: Real images in a step, and as many generated ones.
        generated: Images generated in a step, where they shall be more than that:
            the generator learns from all of them, the discriminator sees as many
            as it sees real ones. (Deng, 2024: batches of 64, and 32 real ones.)
        learning_rates: Of the generator and the discriminator (Adam).
        betas: Adam's decay rates of the first and the second moment.
        ema_decay: Decay of the moving average of the generator.
        precision: ``"bf16"``, ``"fp32"``, or ``"auto"``: bf16 where the hardware
            multiplies in it.
        seed: Of all that is random in training: batches, latents, augmentation,
            and what draws from the global state (dropout, the gradient penalty).

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
        regularizer: Regularizer | None = None,
        regularize_every: int = 1,
        discriminator_steps: int = 1,
        augment: Augmentation | None = None,
        batch_size: int = 64,
        generated: int | None = None,
        learning_rates: tuple[float, float] = (2e-4, 2e-4),
        betas: tuple[float, float] = (0.5, 0.999),
        ema_decay: float = 0.999,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        _check_counts(
            regularize_every=regularize_every, discriminator_steps=discriminator_steps
        )
        if generated is not None and generated < batch_size:
            raise ValueError(
                f"generated is {generated}; expected at least batch_size, {batch_size}"
            )
        accelerator = Accelerator()
        self.device = accelerator.device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.generator = generator.to(self.device)
        self.discriminator = discriminator.to(self.device)
        self.ema = ExponentialMovingAverage(generator, ema_decay)
        # What is called in a step: on several processes, these share gradients.
        self._generator, self._discriminator = (
            accelerator.prepare_model(player) for player in (generator, discriminator)
        )
        self.loss = loss or non_saturating()
        self.regularizer, self.regularize_every = regularizer, regularize_every
        self.discriminator_steps = discriminator_steps
        self.augment = augment
        self._generated = generated
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
        self._augment_random = torch.Generator().manual_seed(seed)
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
        draws = [self._draw() for _ in range(self.discriminator_steps)]
        with self._dropout_random.in_force():
            return self._play(draws)

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Return a real batch, and latent vectors: as many or more."""
        real = next(self.batches).to(self.device)
        shape = self._generated or len(real), self.generator.latent_dim
        return real, torch.randn(shape, generator=self._latent_random).to(self.device)

    def _play(self, draws: list[tuple[Tensor, Tensor]]) -> Step:
        for number, (real, z) in enumerate(draws, start=1):
            # The last generated batch serves the generator's own move as well.
            with torch.set_grad_enabled(number == len(draws)), self._autocast():
                fake = self._generator(z)
            discriminator_loss, *accuracies = self._move_discriminator(real, fake)
        generator_loss = self._move_generator(fake)
        self.ema.update(self.generator)

        numbers = torch.stack([discriminator_loss, generator_loss, *accuracies])
        step = Step(self.steps_played, *numbers.tolist())
        row = asdict(step)
        del row["number"]
        self.history.append(row)
        return step

    def _move_discriminator(self, real: Tensor, fake: Tensor) -> list[Tensor]:
        """Update it; return its loss and its accuracies on real and generated."""
        real, fake = self._seen(real), self._seen(fake.detach()[: len(real)])
        with self._autocast():
            real_logits = self._discriminator(real).float()
            fake_logits = self._discriminator(fake).float()
            loss = total = self.loss.discriminator(real_logits, fake_logits)
        if self.regularizer and self.steps_played % self.regularize_every == 0:
            # Outside autocast: second derivatives need the digits.
            penalty = self.regularizer(self.discriminator, real, fake.float())
            total = loss + self.regularize_every * penalty
        self._update("discriminator", total)
        right = (real_logits > 0).float().mean(), (fake_logits <= 0).float().mean()
        return [loss.detach(), *right]

    def _move_generator(self, fake: Tensor) -> Tensor:
        """Update it against the updated discriminator; return its loss."""
        with _frozen(self.discriminator), self._autocast():
            logits = self.discriminator(self._seen(fake)).float()
            loss = self.loss.generator(logits)
        self._update("generator", loss)
        return loss.detach()

    def _seen(self, images: Tensor) -> Tensor:
        return self.augment(images, self._augment_random) if self.augment else images

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
            "augment_random": self._augment_random.get_state(),
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
        self._augment_random.set_state(state["augment_random"])
        self._dropout_random.load_state_dict(state["dropout_random"])


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through ``network`` without computing those of its weights."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; expected at least 1")
