"""The way there: noisy data, what they say of the data, and the loss that learns it.

Reached as :mod:`ganbook.diffusion`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganbook.schedules import Schedule, along

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
    schedule: Schedule, *, weights: Tensor | None = None
) -> Callable[[NoisePredictor, Tensor, torch.Generator], Tensor]:
    r"""Make the loss that a :class:`~ganbook.training.Minimizer` calls.

    .. math::

        \mathbb{E}_{t, x_0, \epsilon}\Bigl[ \frac{w_t}{D}
        \lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2 \Bigr]

    The time t is uniform on 1..T; D is the number of coordinates, so that without
    weights a network that always answers 0 pays 1.

    Args:
        schedule: How much noise at which time.
        weights: :math:`w_0, \dots, w_T` (the first is not used), at least 0; by
            default 1. With :math:`1 / \bar\alpha_t` the loss is the error of the v of
            :class:`~ganbook.networks.VelocityDenoiser`.

    Returns:
        A function of the network, data (N, ...) and a generator of random numbers on
        the CPU, whose value is a scalar.

    Raises:
        ValueError: If the weights are not T + 1 finite numbers of at least 0.

    Source: Ho et al. (2020), equation 14.
    """
    if weights is None:
        weights = torch.ones(schedule.steps + 1)
    elif (
        weights.shape != schedule.beta.shape
        or not torch.isfinite(weights[1:]).all()
        or weights[1:].min() < 0
    ):
        raise ValueError(
            f"weights have shape {tuple(weights.shape)}; expected "
            f"({schedule.steps + 1},) with finite numbers of at least 0"
        )

    def loss(network: NoisePredictor, batch: Tensor, random: torch.Generator) -> Tensor:
        _check_points(batch, "the batch")
        t = torch.randint(1, schedule.steps + 1, (len(batch),), generator=random)
        noise = torch.randn(batch.shape, generator=random).to(batch)
        noisy = add_noise(schedule, batch, t.to(batch.device), noise)
        predicted = network(noisy, t.to(batch.device))
        if predicted.shape != batch.shape:
            raise ValueError(
                f"the network returned {tuple(predicted.shape)} for a batch "
                f"{tuple(batch.shape)}; expected the same shape"
            )
        errors = (predicted.float() - noise).square().flatten(1).mean(1)
        return (weights[t].to(errors) * errors).mean()

    return loss


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
