"""What a trainer yields."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What happened in one step; of several moves of the discriminator, in the last.

    Attributes:
        number: Steps played so far, this one included.
        discriminator_loss: Without what a regularizer adds. In the games of cross
            entropy in nats: log 4 = 1.386 for one that tosses a coin.
        generator_loss: In the non-saturating game in nats: log 2 = 0.693 against
            one that tosses a coin.
        real_accuracy: Share of real images that were called real (logit > 0).
        fake_accuracy: Share of generated images that were not.
    """

    number: int
    discriminator_loss: float
    generator_loss: float
    real_accuracy: float
    fake_accuracy: float
