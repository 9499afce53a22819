"""Augmentation that is as strong as it must be."""

import torch
from torch import Tensor

from ganbook.augmentation.transforms import Augmentation, chain, check_share


class Adaptive:
    r"""An augmentation as strong as the discriminator needs it.

    Each image is augmented with probability p. Where the discriminator is right about
    real images more often than a share ``target``, it has begun to know them by heart
    and p grows; else it shrinks. Nothing is augmented at the start.

    One coin decides about all that ``augmentation`` does to an image. (In the source,
    each transformation has a coin of its own, so that for the same p more images are
    changed, most of them less.)

    The loop tells it what happened::

        for step in trainer.steps(1000):
            augment.adapt(step.real_accuracy, batch_size=64)

    Args:
        augmentation: What is done to an image.
        target: Share of real images that the discriminator may recognize. The
            source aims at 0.6 for the mean *sign* of their logits, a share of 0.8.
        images: After how many images in one direction p has gone from 0 to 1.

    Attributes:
        probability: The p of now.

    Raises:
        ValueError: If ``target`` is outside [0, 1], or ``images`` is not positive.

    Source: Karras et al. (2020), section 3; there p moves every fourth batch, here
    with a running mean of as many.
    """

    def __init__(
        self,
        augmentation: Augmentation,
        *,
        target: float = 0.8,
        images: int = 500_000,
    ) -> None:
        check_share("target", target)
        if images < 1:
            raise ValueError(f"images is {images}; expected at least 1")
        self.augmentation, self.target, self.images = augmentation, target, images
        self.probability = 0.0
        self._accuracy = target

    def __call__(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Augment each image with the probability of now."""
        return chain(self.augmentation, probability=self.probability)(images, random)

    def adapt(self, real_accuracy: float, batch_size: int) -> None:
        """Move the probability by what a step of the game showed.

        Args:
            real_accuracy: Share of real images that the discriminator recognized.
            batch_size: How many real images that step had.

        Raises:
            ValueError: If ``real_accuracy`` is outside [0, 1].
        """
        check_share("real_accuracy", real_accuracy)
        self._accuracy += (real_accuracy - self._accuracy) / 4
        up = 1 if self._accuracy > self.target else -1
        moved = self.probability + up * batch_size / self.images
        self.probability = min(max(moved, 0.0), 1.0)

    def state_dict(self) -> dict[str, float]:
        """Return what is needed to go on from here."""
        return {"probability": self.probability, "accuracy": self._accuracy}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from where the state was taken."""
        self.probability, self._accuracy = state["probability"], state["accuracy"]
