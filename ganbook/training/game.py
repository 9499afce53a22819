"""The game: who plays, what each sees and minimizes, and how they move."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganbook.augmentation import Augmentation
from ganbook.losses import Loss
from ganbook.regularizers import Regularizer
from ganbook.training.dealing import Piece
from ganbook.training.player import Player
from ganbook.training.randomness import OwnRandom


class Game:
    """A generator and a discriminator: what each of them minimizes, and their moves.

    The base of :class:`~ganbook.training.Trainer`, which adds what makes a run of
    single steps. A game with other rules overrides one of the two losses.
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: Loss
    regularizer: Regularizer | None
    regularize_every: int
    augment: Augmentation | None
    accumulate: int
    device: torch.device

    _players: dict[str, Player]
    _dtype: torch.dtype
    _own_random: OwnRandom

    def discriminator_loss(
        self, real: Tensor, fake: Tensor, *, regularize: bool
    ) -> tuple[Tensor, list[Tensor]]:
        """Return what it minimizes; then its loss alone and its two accuracies."""
        real, fake = self._seen(real), self._seen(fake.detach()[: len(real)])
        with self._autocast():
            real_logits = self.discriminator(real).float()
            fake_logits = self.discriminator(fake).float()
            loss = total = self.loss.discriminator(real_logits, fake_logits)
        if self.regularizer and regularize:
            # Outside autocast: second derivatives need the digits.
            penalty = self.regularizer(self.discriminator, real, fake)
            total = loss + self.regularize_every * penalty
        right = (real_logits > 0).float().mean(), (fake_logits <= 0).float().mean()
        return total, [loss.detach(), *right]

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimizes; here, ``real`` plays no part in it."""
        with frozen(self.discriminator), self._autocast():
            logits = self.discriminator(self._seen(fake)).float()
            return self.loss.generator(logits)

    def _move(self, draws: list[list[Piece]], *, number: int) -> Tensor:
        """Let both move in step ``number``; return what there is to know, (4,)."""
        for pieces in draws:
            # In one piece, the last generated batch serves the generator as well.
            keep = self.accumulate == 1 and pieces is draws[-1]
            loss, *accuracies = self._move_discriminator(pieces, number, keep=keep)
        generator_loss = self._move_generator(draws[-1], number)
        return torch.stack([loss, generator_loss, *accuracies])

    def _move_discriminator(
        self, pieces: list[Piece], number: int, *, keep: bool
    ) -> Tensor:
        """Update it; return its loss and its accuracies on real and generated."""
        regularize = (number - 1) % self.regularize_every == 0
        rows = []

        def losses() -> Iterator[Tensor]:
            for piece in pieces:
                fake = self._generate(piece.z, learn=keep)
                piece.fake = fake if keep else None
                total, row = self.discriminator_loss(
                    piece.real, fake, regularize=regularize
                )
                rows.append(torch.stack(row))
                yield total

        self._players["discriminator"].update(losses(), pieces=len(pieces), step=number)
        return torch.stack(rows).mean(0)

    def _move_generator(self, pieces: list[Piece], number: int) -> Tensor:
        """Update it against the updated discriminator; return its loss."""
        seen = []

        def losses() -> Iterator[Tensor]:
            for piece in pieces:
                fake = piece.fake
                if fake is None:
                    fake = self._generate(piece.z, learn=True)
                loss = self.generator_loss(piece.real, fake)
                seen.append(loss.detach())
                yield loss

        self._players["generator"].update(losses(), pieces=len(pieces), step=number)
        return torch.stack(seen).mean()

    def _networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def _generate(self, z: Tensor, *, learn: bool) -> Tensor:
        with torch.set_grad_enabled(learn), self._autocast():
            # As real images are: rounded by an augmentation, they would be told apart.
            return self.generator(z).float()

    def _seen(self, images: Tensor) -> Tensor:
        return (
            self.augment(images, self._own_random.generator) if self.augment else images
        )

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16
        )


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through ``network`` without computing those of its weights."""
    learning = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in learning:
            weight.requires_grad_(True)
