"""The way back: from noise to data, in as many steps as one can afford.

Reached as :mod:`ganbook.diffusion`.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganbook.networks.running import device_of, evaluating
from ganbook.noising import NoisePredictor, estimate_data
from ganbook.schedules import Schedule


class Moment(NamedTuple):
    """One step of a walk from noise to data.

    Attributes:
        t: The time of ``x``, from T down to 0.
        x: The points at this time, shape (N, ...).
        estimate: What was last taken for the data, shape (N, ...); the same as ``x``
            at time 0. Before the first step it is 0, which says nothing.
    """

    t: int
    x: Tensor
    estimate: Tensor


def walk(
    network: NoisePredictor,
    schedule: Schedule,
    shape: Sequence[int],
    *,
    steps: int | None = None,
    eta: float = 1.0,
    seed: int = 0,
    clip: float | None = 1.0,
    batch_size: int = 256,
) -> Iterator[Moment]:
    r"""Walk from noise to data, a moment at a time.

    From time t to an earlier time s, with the predicted noise :math:`\hat\epsilon`, the
    estimate :math:`\hat x_0` of the data and fresh noise z:

    .. math::

        x_s = \sqrt{\bar\alpha_s}\,\hat x_0
        + \sqrt{1 - \bar\alpha_s - \sigma^2}\,\hat\epsilon + \sigma z, \qquad
        \sigma^2 = \eta^2\,\frac{1 - \bar\alpha_s}{1 - \bar\alpha_t}
        \Bigl(1 - \frac{\bar\alpha_t}{\bar\alpha_s}\Bigr)

    With :math:`\eta = 1` and all T steps this is ancestral sampling from
    :func:`posterior` (DDPM); with :math:`\eta = 0` nothing is random after the start
    (DDIM). The arguments are those of :func:`sample`.

    Raises:
        ValueError: If an argument is out of its range; at once, before any step.

    Source: Song et al. (2021), equations 12 and 16.
    """
    times = schedule.times(steps)
    if not 0 <= eta <= 1:  # beyond 1 the root could be of a negative number
        raise ValueError(f"eta is {eta}; expected 0 to 1")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip is {clip}; expected a positive number or None")
    if len(shape) < 2 or min(shape) < 1 or batch_size < 1:
        raise ValueError(
            f"shape is {tuple(shape)} and batch_size {batch_size}; expected (N, ...) "
            "and a number, all at least 1"
        )
    return _walk(network, schedule, tuple(shape), times, eta, seed, clip, batch_size)


def _walk(
    network: NoisePredictor,
    schedule: Schedule,
    shape: tuple[int, ...],
    times: list[int],
    eta: float,
    seed: int,
    clip: float | None,
    batch_size: int,
) -> Iterator[Moment]:
    random = torch.Generator().manual_seed(seed)
    module = isinstance(network, nn.Module)
    device = device_of(network) if module else torch.device("cpu")
    x = torch.randn(shape, generator=random).to(device)
    yield Moment(times[0], x, torch.zeros_like(x))
    for t, s in pairwise(times):
        noise = _predict(network, x, t, batch_size)
        estimate = estimate_data(schedule, x, t, noise)
        now, then = (schedule.alpha_bar[time].item() for time in (t, s))
        if clip is not None:  # the noise must agree with what is taken for the data
            estimate = estimate.clamp(-clip, clip)
            noise = (x - now**0.5 * estimate) / (1 - now) ** 0.5
        variance = eta**2 * (1 - then) / (1 - now) * (1 - now / then)
        direction = max(1 - then - variance, 0.0) ** 0.5  # rounding may go below 0
        x = then**0.5 * estimate + direction * noise
        if variance:
            x += variance**0.5 * torch.randn(x.shape, generator=random).to(device)
        yield Moment(s, x, estimate)


def sample(
    network: NoisePredictor,
    schedule: Schedule,
    shape: Sequence[int],
    *,
    steps: int | None = None,
    eta: float = 1.0,
    seed: int = 0,
    clip: float | None = 1.0,
    batch_size: int = 256,
) -> Tensor:
    """Draw from a trained network: the end of a :func:`walk`.

    Args:
        network: Predicts noise; called in its evaluation mode, without gradients.
        schedule: The one that it was trained with.
        shape: Of what to draw: (N, C, H, W) of images, (N, D) of points.
        steps: How many times to call the network, 1 to T; by default T.
        eta: 1 for ancestral steps, 0 for deterministic ones, or between them.
        seed: Of the noise at the start and on the way.
        clip: The data lie in ``[-clip, clip]``, and so will the estimates of them on
            the way; None where they have no range.
        batch_size: Points in a call of the network. It does not change the noise.

    Returns:
        Samples of that shape, float32 on the CPU.

    Raises:
        ValueError: If an argument is out of its range.
    """
    options = {"steps": steps, "eta": eta, "seed": seed, "clip": clip}
    for moment in walk(network, schedule, shape, batch_size=batch_size, **options):
        last = moment
    return last.x.cpu()


@torch.no_grad()
def _predict(network: NoisePredictor, x: Tensor, t: int, batch_size: int) -> Tensor:
    module = isinstance(network, nn.Module)
    with evaluating(network) if module else nullcontext():
        parts = [
            network(part, torch.full((len(part),), t, device=x.device)).float()
            for part in x.split(batch_size)
        ]
    return torch.cat(parts)
