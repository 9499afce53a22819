"""An exponential moving average of a network's weights."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    r"""A copy of a network that follows it slowly.

    After update :math:`t`, each weight and each running statistic of the copy is

    .. math::

        \bar\theta_t = \beta_t \bar\theta_{t-1} + (1 - \beta_t) \theta_t, \qquad
        \beta_t = \min\left(\beta, \frac{1 + t}{10 + t}\right).

    The warm-up of :math:`\beta_t` lets the copy forget its initial weights.
    Players of a game circle around their equilibrium; the average sits nearer to
    its center than any point of the orbit.

    Args:
        network: The network to follow.
        decay: The factor :math:`\beta`, in ``[0, 1)``; 0 copies the network.

    Raises:
        ValueError: If ``decay`` is outside ``[0, 1)``.

    Source: Yazici et al. (2019); averaging of the generator as in Karras et al.
    (2018). We average running statistics too, which they do not discuss.
    """

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}; expected 0 <= decay < 1")
        self.decay = decay
        self.updates = 0
        self.network = deepcopy(network).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average toward ``network``."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averaged, followed = [], []
        for mean, value in zip(_values(self.network), _values(network), strict=True):
            if value.is_floating_point():
                averaged.append(mean)
                followed.append(value)
            else:  # counters are copied
                mean.copy_(value)
        torch._foreach_lerp_(averaged, followed, 1 - decay)

    def state_dict(self) -> dict[str, Any]:
        """Return the averages and the number of updates."""
        return {"network": self.network.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where the state was taken."""
        self.network.load_state_dict(state["network"])
        self.updates = state["updates"]


def _values(network: nn.Module) -> Iterator[Tensor]:
    """Yield weights and statistics, each once; a state lists tied ones twice."""
    return chain(network.parameters(), network.buffers())
