r"""Denoising diffusion: add noise in T small steps, learn to take it away again.

The forward process mixes a datum :math:`x_0` with more and more noise,

.. math::

    q(x_t \mid x_{t-1}) = \mathcal{N}(\sqrt{\alpha_t}\,x_{t-1}, \beta_t I), \qquad
    q(x_t \mid x_0) = \mathcal{N}(\sqrt{\bar\alpha_t}\,x_0, (1 - \bar\alpha_t) I),

with :math:`\alpha_t = 1 - \beta_t` and :math:`\bar\alpha_t = \alpha_1 \cdots \alpha_t`.
A network is given :math:`x_t` and t and predicts the noise in it.

Sources: Sohl-Dickstein et al. (2015); Ho et al. (2020), section 2; the samplers with
fewer steps Song et al. (2021).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Chapters say diffusion.cosine(1000).
from ganbook.schedules import Schedule, along
from ganbook.schedules import cosine as cosine
from ganbook.schedules import linear as linear
from ganbook.schedules import sigmoid as sigmoid

#: Maps noisy data (N, ...) and times (N,) to the noise in them, (N, ...).
NoisePredictor = Callable[[Tensor, Tensor], Tensor]
Times = Tensor | int


def add_noise(schedule: Schedule, x_0: Tensor, t: Times, noise: Tensor) -> Tensor:
    r"""Return the data as they are at time t.

    .. math:: x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1 - \bar\alpha_t}\,\epsilon

    Args:
        schedule: How much noise at which time.
        x_0: Data (N, ...), floating point.
        t: Times 0 to T, one for all or one for each datum, shape (N,).
        noise: Standard normal :math:`\epsilon`, of the shape of the data.

    Raises:
        ValueError: If there is no datum, the shapes differ, a time is not in 0..T, or a
            value is not finite.
    """
    _check_points(x_0, "x_0")
    _check_points(noise, "the noise", like=x_0)
    signal, noise_scale = schedule.scales(t, x_0)
    return signal * x_0 + noise_scale * noise


def estimate_data(schedule: Schedule, x_t: Tensor, t: Times, noise: Tensor) -> Tensor:
    r"""Solve :func:`add_noise` for :math:`x_0`, given the noise or a prediction of it.

    Args:
        schedule: How much noise at which time.
        x_t: Noisy data (N, ...).
        t: Their times.
        noise: What is taken for the noise in them, (N, ...).

    Raises:
        ValueError: As :func:`add_noise`.
    """
    _check_points(x_t, "x_t")
    _check_points(noise, "the noise", like=x_t)
    signal, noise_scale = schedule.scales(t, x_t)
    return (x_t - noise_scale * noise) / signal


def posterior(
    schedule: Schedule, x_t: Tensor, x_0: Tensor, t: Times
) -> tuple[Tensor, Tensor]:
    r"""Return :math:`q(x_{t-1} \mid x_t, x_0)`, one step back if the datum were known.

    .. math::

        \tilde\mu_t = \frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1 - \bar\alpha_t}\,x_0
        + \frac{\sqrt{\alpha_t}\,(1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t}\,x_t, \qquad
        \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t}\,\beta_t

    Args:
        schedule: How much noise at which time.
        x_t: Noisy data (N, ...).
        x_0: The data that they were made from, (N, ...).
        t: Times 1 to T. At time 1 the variance is 0: the datum is known.

    Returns:
        The mean (N, ...) and the variance (N, 1, ...), the same for all coordinates.

    Raises:
        ValueError: As :func:`add_noise`, and if a time is 0.

    Source: Ho et al. (2020), equations 6 and 7.
    """
    _check_points(x_t, "x_t")
    _check_points(x_0, "x_0", like=x_t)
    t = schedule.check_times(t, x_t, first=1).cpu()
    now, before = schedule.alpha_bar[t], schedule.alpha_bar[t - 1]
    beta = schedule.beta[t]
    on_data = before.sqrt() * beta / (1 - now)
    on_noisy = (1 - beta).sqrt() * (1 - before) / (1 - now)
    variance = (1 - before) / (1 - now) * beta
    return along(on_data, x_t) * x_0 + along(on_noisy, x_t) * x_t, along(variance, x_t)


def noise_prediction(
    schedule: Schedule,
) -> Callable[[NoisePredictor, Tensor, torch.Generator], Tensor]:
    r"""Make the loss that a :class:`~ganbook.training.Minimizer` calls.

    .. math::

        \mathbb{E}_{t, x_0, \epsilon}\Bigl[ \tfrac1D
        \lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2 \Bigr]

    The time t is uniform on 1..T; D is the number of coordinates, so that a network
    that always answers 0 pays 1.

    Args:
        schedule: How much noise at which time.

    Returns:
        A function of the network, data (N, ...) and a generator of random numbers on
        the CPU, whose value is a scalar.

    Source: Ho et al. (2020), equation 14.
    """

    def loss(network: NoisePredictor, batch: Tensor, random: torch.Generator) -> Tensor:
        _check_points(batch, "the batch")
        t = torch.randint(1, schedule.steps + 1, (len(batch),), generator=random)
        noise = torch.randn(batch.shape, generator=random).to(batch)
        t = t.to(batch.device)
        predicted = network(add_noise(schedule, batch, t, noise), t).float()
        if predicted.shape != batch.shape:
            raise ValueError(
                f"the network returned {tuple(predicted.shape)} for a batch "
                f"{tuple(batch.shape)}; expected the same shape"
            )
        return (predicted - noise).square().mean()

    return loss


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

    Source: Song et al. (2021), equations 12 and 16.
    """
    times = schedule.times(steps)
    if not (isfinite(eta) and eta >= 0):
        raise ValueError(f"eta is {eta}; expected a number of at least 0")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip is {clip}; expected a positive number or None")
    if len(shape) < 2 or min(shape) < 1 or batch_size < 1:
        raise ValueError(
            f"shape is {tuple(shape)} and batch_size {batch_size}; expected (N, ...) "
            "and a number, all at least 1"
        )
    random = torch.Generator().manual_seed(seed)
    device = _device(network)
    x = torch.randn(tuple(shape), generator=random).to(device)
    yield Moment(times[0], x, torch.zeros_like(x))
    for t, s in pairwise(times):
        noise = _predict(network, x, t, batch_size)
        estimate = estimate_data(schedule, x, t, noise)
        now, then = (schedule.alpha_bar[time].item() for time in (t, s))
        if clip is not None:  # the noise must agree with what is taken for the data
            estimate = estimate.clamp(-clip, clip)
            noise = (x - now**0.5 * estimate) / (1 - now) ** 0.5
        variance = eta**2 * (1 - then) / (1 - now) * (1 - now / then)
        direction = max(1 - then - variance, 0.0) ** 0.5
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
        eta: 1 for ancestral steps, 0 for deterministic ones.
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
    module = network if isinstance(network, nn.Module) else None
    training = module is not None and module.training
    if training:
        module.eval()
    try:
        parts = [
            network(part, torch.full((len(part),), t, device=x.device)).float()
            for part in x.split(batch_size)
        ]
    finally:
        if training:
            module.train()
    return torch.cat(parts)


def _device(network: NoisePredictor) -> torch.device:
    if isinstance(network, nn.Module):
        for tensor in (*network.parameters(), *network.buffers()):
            return tensor.device
    return torch.device("cpu")


def _check_points(x: Tensor, name: str, like: Tensor | None = None) -> None:
    if x.ndim < 2 or not x.numel() or not x.is_floating_point():
        raise ValueError(
            f"{name}: {x.dtype} of shape {tuple(x.shape)}; expected floating point "
            "(N, ...) with N >= 1"
        )
    if like is not None and x.shape != like.shape:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected {tuple(like.shape)}"
        )
    if not torch.isfinite(x).all():
        raise ValueError(f"{name} is not finite; expected finite values")
