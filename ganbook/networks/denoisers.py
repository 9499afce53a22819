"""Noise predictions by formula: the best one for a mixture, and one through v."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganbook.networks.shapes import check_timed


class VelocityDenoiser(nn.Module):
    r"""Reads what a network says as v, and answers with the noise.

    .. math::

        \epsilon_\theta(x, t) = \sqrt{1 - \bar\alpha_t}\;x
        + \sqrt{\bar\alpha_t}\;v_\theta(x, t), \qquad
        v = \sqrt{\bar\alpha_t}\,\epsilon - \sqrt{1 - \bar\alpha_t}\,x_0

    Where nearly all is noise, the noise is nearly what the network is given. A plain
    network has to copy it; this one starts from the copy and learns the rest, and a
    mistake in the rest is scaled down.

    Args:
        network: Maps data (N, ...) and times (N,) to the shape of the data.
        alpha_bar: :math:`\bar\alpha_0, \dots, \bar\alpha_T` of the schedule, (T + 1,).

    Raises:
        ValueError: If ``alpha_bar`` is not (T + 1,) with numbers from 0 to 1.

    Source: Salimans and Ho (2022), section 4.
    """

    def __init__(self, network: nn.Module, alpha_bar: Tensor) -> None:
        super().__init__()
        _check_alpha_bar(alpha_bar)
        self.network = network
        scales = torch.stack([alpha_bar.sqrt(), (1 - alpha_bar).sqrt()]).float()
        self.register_buffer("scales", scales, persistent=False)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map data (N, ...) at times (N,) to the noise in them, float32 (N, ...).

        Raises:
            ValueError: If there are not N times, or one of them is not in 0..T.
        """
        check_timed(x, t, x.shape[1:])
        _check_times(t, last=self.scales.shape[1] - 1)
        signal, noise = self.scales[:, t].view(2, -1, *[1] * (x.ndim - 1))
        return noise * x + signal * self.network(x, t).float()


class MixtureDenoiser(nn.Module):
    r"""The best noise prediction where the data are a mixture of normal densities.

    With the density :math:`q_t` of the noisy data, which is a mixture too,

    .. math::

        \epsilon^*(x, t) = \mathbb{E}[\epsilon \mid x_t = x]
        = -\sqrt{1 - \bar\alpha_t}\;\nabla \log q_t(x).

    It has nothing to learn: with it, what samplers do wrong is their own doing.

    Args:
        alpha_bar: :math:`\bar\alpha_0, \dots, \bar\alpha_T` of the schedule, (T + 1,).
        means: Of the K components, shape (K, D).
        deviation: Standard deviation of all of them, in every direction.
        weights: K positive numbers that sum to 1; by default equal ones.

    Raises:
        ValueError: If ``alpha_bar`` is not (T + 1,) with numbers from 0 to 1, the means
            are not (K, D), the deviation is not positive, or the weights are not such
            numbers.
    """

    def __init__(
        self,
        alpha_bar: Tensor,
        means: Tensor,
        deviation: float,
        weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        _check_alpha_bar(alpha_bar)
        if means.ndim != 2 or not means.numel():
            raise ValueError(f"means have shape {tuple(means.shape)}; expected (K, D)")
        if not deviation > 0:
            raise ValueError(f"deviation is {deviation}; expected a positive number")
        shares = (
            torch.full(means.shape[:1], 1 / len(means))
            if weights is None
            else torch.as_tensor(weights)
        )
        if (
            shares.shape != means.shape[:1]
            or not (shares > 0).all()
            or abs(shares.sum() - 1) > 1e-4
        ):
            raise ValueError(
                f"weights are {shares.tolist()}; expected {len(means)} positive "
                "numbers that sum to 1"
            )
        self.variance = deviation**2
        self.register_buffer("alpha_bar", alpha_bar)
        self.register_buffer("means", means)
        self.register_buffer("log_weights", shares.log())

    def log_density(self, x: Tensor, t: Tensor) -> Tensor:
        r"""Map points (N, D) at times (N,) to :math:`\log q_t(x)`, shape (N,)."""
        _, logs, variance = self._components(x, t)
        normalizer = 0.5 * x.shape[1] * (2 * torch.pi * variance).log()
        return logs.logsumexp(1) - normalizer[:, 0]

    def score(self, x: Tensor, t: Tensor) -> Tensor:
        r"""Map points (N, D) at times (N,) to :math:`\nabla \log q_t(x)`, (N, D)."""
        offsets, logs, variance = self._components(x, t)
        return -(logs.softmax(1)[:, :, None] * offsets).sum(1) / variance

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map points (N, D) at times (N,) to the mean of the noise in them, (N, D).

        Raises:
            ValueError: If the points or the times have another shape, or a time is not
                in 0..T.
        """
        score = self.score(x, t)
        return -(1 - self.alpha_bar[t]).sqrt().to(x.dtype)[:, None] * score

    def _components(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return offsets (N, K, D), log weights (N, K), and the variance (N, 1)."""
        check_timed(x, t, self.means.shape[1:])
        _check_times(t, last=len(self.alpha_bar) - 1)
        alpha_bar = self.alpha_bar[t][:, None]
        # Rounded to x's precision only now: the difference of two ones has no digits.
        variance = (alpha_bar * self.variance + (1 - alpha_bar)).to(x.dtype)
        signal = alpha_bar.sqrt().to(x.dtype)[:, None]
        offsets = x[:, None] - signal * self.means.to(x.dtype)
        logs = self.log_weights.to(x.dtype) - offsets.square().sum(2) / (2 * variance)
        return offsets, logs, variance


def _check_alpha_bar(alpha_bar: Tensor) -> None:
    inside = (alpha_bar >= 0) & (alpha_bar <= 1)
    if alpha_bar.ndim != 1 or len(alpha_bar) < 2 or not inside.all():
        raise ValueError(
            f"alpha_bar has shape {tuple(alpha_bar.shape)}; expected (T + 1,) "
            "with numbers from 0 to 1"
        )


def _check_times(t: Tensor, *, last: int) -> None:
    """Refuse what an index would take: time -1 for the last."""
    low, high = (value.item() for value in t.aminmax()) if len(t) else (0, 0)
    if low < 0 or high > last:
        raise ValueError(f"times are {low} to {high}; expected 0 to {last}")
