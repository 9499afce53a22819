"""A network that learns, from a batch in one piece or in many."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from ganbook.training.batch_norm import share_statistics
from ganbook.training.divergence import DivergenceError
from ganbook.training.processes import Processes


class Player:
    """A network with its Adam, the same in all processes.

    Gradients are averaged by hand, after they are complete. PyTorch's wrapper for
    this (``DistributedDataParallel``) sends them while they are computed, which hides
    the message behind the work. But it counts on one pass forward for each backward,
    all through itself: a discriminator is called on real images, on generated ones,
    for a penalty that leaves out its last bias, and frozen. And it hides the methods
    of the network, which losses call. Here a network stays what it is.

    Args:
        name: What errors call it.
        network: What learns. It is moved to the processes' device, and begins with
            the weights of process 0.
        processes: With whom it learns.
        learning_rate: Adam's.
        betas: Adam's decay rates of the first and the second moment.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        processes: Processes,
        *,
        learning_rate: float,
        betas: tuple[float, float],
    ) -> None:
        self.name, self.processes = name, processes
        self.network = network.to(processes.device)
        processes.start_alike(network)
        share_statistics(network, processes)
        self._adam = torch.optim.Adam(
            network.parameters(), learning_rate, betas, fused=True
        )

    def update(self, losses: Iterable[Tensor], *, pieces: int, step: int) -> float:
        r"""Make one step down the mean of ``losses`` over pieces and processes.

        .. math::

            \nabla L = \frac{1}{Pn} \sum_{r=1}^{P} \sum_{i=1}^{n} \nabla L_{r,i}

        Args:
            losses: Of one piece each, a mean over its images; asked for one by one,
                so that only one piece's graph is in memory.
            pieces: Their number n.
            step: What an error says about when it was.

        Returns:
            The mean of the losses, the same in all processes.

        Raises:
            DivergenceError: If the mean or its gradient is not finite, in all
                processes at once; the update is not made.
        """
        self._adam.zero_grad()
        total = torch.zeros((), device=self.processes.device)
        for loss in losses:
            loss = loss / pieces
            loss.backward()
            total += loss.detach()
        mean = self.processes.mean(total).item()
        if not isfinite(mean):
            raise DivergenceError(self.name, "loss", mean, step)
        self.processes.average_gradients(self.network)
        # The root of 0 has a value but no slope: a finite loss is not enough.
        if not isfinite(norm := self._gradient_norm()):
            raise DivergenceError(self.name, "gradient norm", norm, step)
        self._adam.step()
        return mean

    def _gradient_norm(self) -> float:
        slopes = [w.grad for w in self.network.parameters() if w.grad is not None]
        return torch.stack(torch._foreach_norm(slopes)).norm().item()

    @property
    def learning_rate(self) -> float:
        """Adam's, from the next update on."""
        return self._adam.param_groups[0]["lr"]

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._adam.param_groups[0]["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """Return Adam's moments; the weights are the network's."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with Adam's moments from ``state``; rates and decays are our own."""
        ours = self._adam.state_dict()["param_groups"]
        self._adam.load_state_dict({"state": state["state"], "param_groups": ours})
        # Fused Adam on the CPU takes for granted that moments lie in memory as their
        # weight does; one that was saved in another order would be silently wrong.
        for weight, moments in self._adam.state.items():
            for name in ("exp_avg", "exp_avg_sq"):
                moments[name] = torch.empty_like(weight).copy_(moments[name])
