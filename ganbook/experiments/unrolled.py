"""A generator that looks ahead: unrolled updates of the discriminator."""

from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from ganbook.training import Trainer


class UnrolledTrainer(Trainer):
    r"""Trains the generator against the discriminator's answer to it.

    .. math::

        \phi^{k + 1} = \phi^k - \eta \nabla_\phi L_D(\theta, \phi^k), \qquad
        \min_\theta L_G(\theta, \phi^K(\theta))

    The generator's gradient runs back through all :math:`K` updates. The
    discriminator itself moves as always, one step.

    Args:
        *arguments: The trainer's.
        unroll: :math:`K`, the updates that the generator foresees.
        unroll_rate: :math:`\eta`, of plain gradient descent.
        **options: The trainer's.

    Raises:
        ValueError: If ``unroll`` is below 1.

    Source: Metz et al. (2017), section 2; they unroll Adam, we plain descent.
    """

    def __init__(
        self,
        *arguments: Any,
        unroll: int = 5,
        unroll_rate: float = 0.1,
        **options: Any,
    ) -> None:
        if unroll < 1:
            raise ValueError(f"unroll is {unroll}; expected at least 1")
        super().__init__(*arguments, **options)
        self.unroll, self.unroll_rate = unroll, unroll_rate

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the generator minimizes: its loss in K updates' time."""
        # Outside autocast: second derivatives need the digits.
        real, fake = self._seen(real).float(), self._seen(fake).float()
        weights = dict(self.discriminator.named_parameters())

        def logits(images: Tensor) -> Tensor:
            return functional_call(self.discriminator, weights, (images,))

        for _ in range(self.unroll):
            loss = self.loss.discriminator(logits(real), logits(fake))
            slopes = torch.autograd.grad(loss, weights.values(), create_graph=True)
            weights = {
                name: weight - self.unroll_rate * slope
                for (name, weight), slope in zip(weights.items(), slopes, strict=True)
            }
        return self.loss.generator(logits(fake))
