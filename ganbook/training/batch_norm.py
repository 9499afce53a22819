"""Batch normalization over a batch that several processes share."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganbook.training.processes import Processes


class GlobalBatchNorm(_BatchNorm):
    r"""Normalizes by the mean and variance of all processes' shares together.

    .. math::

        \mu = \frac1P \sum_r \mu_r, \qquad
        \sigma^2 = \frac1P \sum_r \frac1n \sum_i (x_{r,i} - \mu)^2

    Gradients flow through both means, so that P processes compute what one would.
    It is what ``nn.SyncBatchNorm`` does on GPUs only, written out; it costs two
    short messages in each direction. In evaluation mode it is batch normalization.

    Source: Peng et al. (2018), section 3.3.
    """

    processes: Processes

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, C, ...) to the same shape, N images of each process."""
        if not self.training:
            return super().forward(features)
        over = [0, *range(2, features.ndim)]
        shape = 1, -1, *[1] * (features.ndim - 2)
        values = features.float()  # bfloat16 has no digits for a variance
        mean = self._global_mean(values.mean(over))
        centered = values - mean.view(shape)
        variance = self._global_mean(centered.square().mean(over))
        result = centered * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            result = result * self.weight.view(shape) + self.bias.view(shape)
        if self.track_running_stats:
            count = self.processes.count * values[:, 0].numel()
            self._follow(mean.detach(), variance.detach() * count / (count - 1))
        return result.to(features.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:  # the mean of all batches so far
            share = 1 / self.num_batches_tracked.item()
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)

    def _global_mean(self, local: Tensor) -> Tensor:
        return _Mean.apply(local, self.processes)

    def _check_input_dim(self, features: Tensor) -> None:
        """Accept what the layer accepted that this one replaces: any (N, C, ...)."""


class _Mean(torch.autograd.Function):
    """The mean over processes. The slope of a mean is the mean of the slopes."""

    @staticmethod
    def forward(context: Any, local: Tensor, processes: Processes) -> Tensor:
        context.processes = processes
        return processes.mean(local.clone())

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, None]:
        return _Mean.apply(slope, context.processes), None  # differentiable again


def share_statistics(network: nn.Module, processes: Processes) -> None:
    """Let each batch normalization of a network look at all processes' images.

    Layers keep their weights, their names and their place. A single process changes
    nothing.
    """
    if processes.count == 1:
        return
    for layer in network.modules():
        if isinstance(layer, _BatchNorm) and not isinstance(layer, nn.SyncBatchNorm):
            layer.__class__ = GlobalBatchNorm
            layer.processes = processes
