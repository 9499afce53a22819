"""The game as something to iterate: one step at a time, resumable bit for bit."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from ganbook.augmentation import Augmentation
from ganbook.losses import Loss, non_saturating
from ganbook.regularizers import Regularizer
from ganbook.training.batches import Batches, as_batches, shard
from ganbook.training.dealing import Piece, deal
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.game import Game
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.player import Player
from ganbook.training.precision import choose_dtype
from ganbook.training.processes import Processes
from ganbook.training.randomness import OwnRandom
from ganbook.training.sampling import generate, latents
from ganbook.training.step import Step
from ganbook.training.stepping import Steps, check_fits


class Trainer(Game):
    """Plays the game of a generator and a discriminator.

    One step updates the discriminator on a real and a generated batch, then the
    generator against the updated discriminator. The same generated batch serves
    both, so the generator runs once a step. (Algorithm 1 of Goodfellow et al.,
    2014, draws fresh noise for the second update.)

    What the discriminator sees, real or generated and in either update, it sees
    through ``augment``. What holds it back, beside its loss, is a ``regularizer``.

    Started by ``torchrun`` or ``accelerate launch``, several processes on one or many
    hosts play the same game: each takes its share of the same batch, and gradients are
    averaged. With the same seed they get the weights that one process would, up to
    rounding; what they draw for themselves (augmentation, dropout, the places of the
    gradient penalty) differs, by the rule of :mod:`~ganbook.training.randomness`.

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
            If it has a ``state_dict``, that is part of the trainer's.
        batch_size: Real images in a step, of all processes together, and as many
            generated ones.
        generated: Images generated in a step, where they shall be more than that:
            the generator learns from all of them, the discriminator sees as many
            as it sees real ones. (Deng, 2024: batches of 64, and 32 real ones.)
        accumulate: In how many pieces, one after another, a process takes its share:
            n times less memory, the same gradient. The generator then runs twice, as
            no graph is kept from one move to the other; batch normalization sees
            pieces, twice each.
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
        accumulate: int = 1,
        learning_rates: tuple[float, float] = (2e-4, 2e-4),
        betas: tuple[float, float] = (0.5, 0.999),
        ema_decay: float = 0.999,
        precision: str = "auto",
        seed: int = 0,
    ) -> None:
        _check_counts(
            regularize_every=regularize_every,
            discriminator_steps=discriminator_steps,
            accumulate=accumulate,
        )
        self._generated = generated
        if isinstance(images, Tensor):  # batches of other sources show their size later
            self._latent_count(batch_size)
        self.processes = Processes()
        self.device = self.processes.device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.generator, self.discriminator = generator, discriminator
        self._players = {
            name: Player(name, network, self.processes, learning_rate=rate, betas=betas)
            for (name, network), rate in zip(
                self._networks().items(), learning_rates, strict=True
            )
        }
        self.ema = ExponentialMovingAverage(generator, ema_decay)
        self.loss = loss or non_saturating()
        self.regularizer, self.regularize_every = regularizer, regularize_every
        self.discriminator_steps, self.accumulate = discriminator_steps, accumulate
        self.augment = augment
        self._dtype = choose_dtype(precision, self.device)
        self.batches = as_batches(images, batch_size, seed=seed, device=self.device)
        self._sharded = shard(self.batches, self.processes.rank, self.processes.count)
        self.history = History()
        # One seed for both: an augmentation that adds normal noise to points draws what
        # were or will be latent vectors; those of its own step in the first step alone.
        self._latent_random = torch.Generator().manual_seed(seed)
        self._own_random = OwnRandom(seed, self.processes)

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
            DivergenceError: If a loss or its gradient is not finite; the update that
                would have followed is not made.
            ProcessLostError: If another process no longer answers.
            ValueError: If a batch cannot be dealt equally to processes and pieces, or
                is larger than ``generated``.
        """
        draws = [self._draw() for _ in range(self.discriminator_steps)]
        with self._own_random.in_force(self.steps_played):
            return self._play(draws)

    def _draw(self) -> list[Piece]:
        """Draw a real batch and latent vectors, as many or more; return our pieces."""
        batch = next(self.batches)
        size = len(batch) * (self.processes.count if self._sharded else 1)
        shape = self._latent_count(size), self.generator.latent_dim
        z = torch.randn(shape, generator=self._latent_random)
        real = deal(batch, self.processes, self.accumulate, sharded=self._sharded)
        pairs = zip(real, deal(z, self.processes, self.accumulate), strict=True)
        return [Piece(*pair) for pair in pairs]

    def _latent_count(self, batch_size: int) -> int:
        if self._generated is None:
            return batch_size
        if self._generated < batch_size:
            raise ValueError(
                f"generated is {self._generated}; expected at least batch_size, "
                f"{batch_size}"
            )
        return self._generated

    def _play(self, draws: list[list[Piece]]) -> Step:
        numbers = self._move(draws, number=self.steps_played + 1)
        self.ema.update(self.generator)
        step = Step(self.steps_played, *self.processes.mean(numbers).tolist())
        row = asdict(step)
        del row["number"]
        self.history.append(row)
        return step

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
        state = {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizers": {n: p.state_dict() for n, p in self._players.items()},
            "batches": self.batches.state_dict(),
            "history": self.history.state_dict(),
            "latent_random": self._latent_random.get_state(),
            "augment_random": self._own_random.generator.get_state(),
            "dropout_random": self._own_random.rest.state_dict(),
        }
        if hasattr(self.augment, "state_dict"):
            state["augmentation"] = self.augment.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, bit for bit on the same machine.

        Raises:
            ValueError: If the state is of other networks or data; nothing is
                changed then.
        """
        for player, network in self._networks().items():
            check_fits(network, state[player], player)
        self.batches.load_state_dict(state["batches"])
        for player, network in self._networks().items():
            network.load_state_dict(state[player])
            self._players[player].load_state_dict(state["optimizers"][player])
        self.ema.load_state_dict(state["ema"])
        self.history.load_state_dict(state["history"])
        self._latent_random.set_state(state["latent_random"])
        self._own_random.load(state["augment_random"], state["dropout_random"])
        if hasattr(self.augment, "state_dict") and "augmentation" in state:
            self.augment.load_state_dict(state["augmentation"])


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; expected at least 1")
