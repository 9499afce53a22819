r"""How fast diffusion drowns the data: variances :math:`\beta_1, \dots, \beta_T`.

All are kept as :math:`\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)`, the share of the
signal's power that is left at time t, in float64 and indexed by t: place 0 is the
datum itself, :math:`\bar\alpha_0 = 1`.
"""

from collections.abc import Sequence
from math import isfinite

import torch
from torch import Tensor

#: No step may destroy more than this, else nothing says where a step back goes
#: (Nichol and Dhariwal, 2021, section 3.2).
LARGEST_BETA = 0.999


class Schedule:
    r"""The amounts of noise at the times 0 to T.

    Args:
        betas: :math:`\beta_1, \dots, \beta_T`, the variances of the noise that each
            step adds; numbers strictly between 0 and 1.

    Attributes:
        beta: Shape (T + 1,), indexed by t; :math:`\beta_0` is 0.
        alpha_bar: :math:`\bar\alpha_t`, shape (T + 1,); falls strictly from 1.

    Raises:
        ValueError: If there is no beta, or one is not strictly between 0 and 1.
    """

    def __init__(self, betas: Tensor | Sequence[float]) -> None:
        betas = torch.as_tensor(betas).to(torch.float64)
        if betas.ndim != 1 or not len(betas):
            raise ValueError(
                f"betas have shape {tuple(betas.shape)}; expected (T,) with T >= 1"
            )
        wrong = torch.nonzero(~((betas > 0) & (betas < 1)))  # NaN too
        if len(wrong):
            t = wrong[0].item()
            raise ValueError(
                f"beta is {betas[t].item():g} at time {t + 1}; expected numbers "
                "strictly between 0 and 1"
            )
        self.beta = torch.cat([betas.new_zeros(1), betas])
        self.alpha_bar = (1 - self.beta).cumprod(0)

    @classmethod
    def from_alpha_bar(cls, alpha_bar: Tensor | Sequence[float]) -> "Schedule":
        r"""Make a schedule of given :math:`\bar\alpha_0, \dots, \bar\alpha_T`.

        Betas above 0.999 are lowered to it, so that 0 is allowed at time T.

        Args:
            alpha_bar: Numbers that fall strictly, from 1 to at least 0.

        Raises:
            ValueError: If they do not.
        """
        given = torch.as_tensor(alpha_bar).to(torch.float64)
        if given.ndim != 1 or len(given) < 2:
            raise ValueError(
                f"alpha_bar has shape {tuple(given.shape)}; expected (T + 1,), T >= 1"
            )
        if given[0] != 1 or not given[-1] >= 0:
            raise ValueError(
                f"alpha_bar goes from {given[0].item():g} to {given[-1].item():g}; "
                "expected from 1 to at least 0"
            )
        rising = torch.nonzero(~(given[1:] < given[:-1]))  # NaN too
        if len(rising):
            t = rising[0].item()
            raise ValueError(
                f"alpha_bar is not monotone: {given[t].item():g} at time {t}, then "
                f"{given[t + 1].item():g}; expected it to fall strictly"
            )
        return cls((1 - given[1:] / given[:-1]).clamp(max=LARGEST_BETA))

    @property
    def steps(self) -> int:
        """The number T of steps."""
        return len(self.beta) - 1

    @property
    def snr(self) -> Tensor:
        r"""Signal-to-noise ratio :math:`\bar\alpha_t / (1 - \bar\alpha_t)`, (T + 1,).

        Infinite at time 0. It says all that a schedule does to the data.
        """
        return self.alpha_bar / (1 - self.alpha_bar)

    def scales(self, t: Tensor | int, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Return the deviations of signal and noise, ready to multiply points.

        Args:
            t: Times 0 to T, one for all or one for each point, shape (N,).
            x: The points, (N, ...): device, type and dimensions are theirs.

        Returns:
            :math:`\sqrt{\bar\alpha_t}` and :math:`\sqrt{1 - \bar\alpha_t}`, each of
            shape (N, 1, ...).

        Raises:
            ValueError: If a time is not one of 0..T or there are not N of them.
        """
        alpha_bar = self.alpha_bar[self.check_times(t, x).cpu()]
        return along(alpha_bar.sqrt(), x), along((1 - alpha_bar).sqrt(), x)

    def check_times(self, t: Tensor | int, x: Tensor, *, first: int = 0) -> Tensor:
        """Return a time for each point, int64 (N,).

        Args:
            t: One time for all, or one for each point.
            x: The points, (N, ...).
            first: The least time that is allowed.

        Raises:
            ValueError: If a time is not one of ``first``..T or there are not N of them.
        """
        t = torch.as_tensor(t, device=x.device)
        if t.is_floating_point() or t.dtype == torch.bool:
            raise ValueError(f"times are {t.dtype}; expected whole numbers")
        if t.ndim and t.shape != x.shape[:1]:
            raise ValueError(
                f"times have shape {tuple(t.shape)} for points {tuple(x.shape)}; "
                f"expected one time or ({len(x)},)"
            )
        low, high = t.min().item(), t.max().item()
        if low < first or high > self.steps:
            raise ValueError(
                f"times are {low} to {high}; expected {first} to {self.steps}"
            )
        return t.expand(len(x)).long()

    def times(self, steps: int | None = None) -> list[int]:
        """Return the times of a walk from T down to 0, evenly spaced.

        Args:
            steps: How many steps to take, 1 to T; by default T.

        Raises:
            ValueError: If there are not so many.
        """
        steps = self.steps if steps is None else steps
        if isinstance(steps, bool) or not isinstance(steps, int):
            raise ValueError(f"steps is {steps!r}; expected a whole number")
        if not 1 <= steps <= self.steps:
            raise ValueError(f"steps is {steps}; expected 1 to {self.steps}")
        return [round(self.steps * (1 - i / steps)) for i in range(steps + 1)]


def linear(steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Schedule:
    r"""Let :math:`\beta_t` rise along a line.

    The ends are those for T = 1000; for another T they are multiplied by 1000 / T, so
    that about the same noise is reached in the end.

    Raises:
        ValueError: If a beta would not lie strictly between 0 and 1; below T = 21 the
            usual ends do not.

    Source: Ho et al. (2020), section 4.
    """
    _check_steps(steps)
    scale = 1000 / steps
    return Schedule(
        torch.linspace(first * scale, last * scale, steps, dtype=torch.float64)
    )


def cosine(steps: int = 1000, offset: float = 0.008) -> Schedule:
    r"""Let :math:`\bar\alpha_t` fall along a squared cosine.

    .. math::

        \bar\alpha_t = \frac{f(t)}{f(0)}, \qquad
        f(t) = \cos^2 \Bigl( \frac{t / T + s}{1 + s} \cdot \frac{\pi}{2} \Bigr)

    Args:
        steps: The number T of steps.
        offset: s, which keeps the first betas from being too small.

    Raises:
        ValueError: If there is no step, or the offset is not a number of at least 0.

    Source: Nichol and Dhariwal (2021), equation 17.
    """
    _check_steps(steps)
    if not (isfinite(offset) and offset >= 0):
        raise ValueError(f"offset is {offset}; expected a number of at least 0")
    u = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    f = torch.cos((u + offset) / (1 + offset) * torch.pi / 2).square()
    return Schedule.from_alpha_bar(f / f[0])


def sigmoid(steps: int = 1000, start: float = -3.0, end: float = 3.0) -> Schedule:
    r"""Let :math:`\bar\alpha_t` fall along a piece of the logistic function.

    .. math::

        \bar\alpha_t = \frac{\sigma(-v_t) - \sigma(-b)}{\sigma(-a) - \sigma(-b)},
        \qquad v_t = a + (b - a)\, t / T

    Args:
        steps: The number T of steps.
        start: a, where the piece begins.
        end: b > a, where it ends.

    Raises:
        ValueError: If there is no step, or the ends are not in this order.

    Source: Jabri et al. (2023), algorithm 3, with temperature 1.
    """
    _check_steps(steps)
    if not (isfinite(start) and isfinite(end) and start < end):
        raise ValueError(f"start is {start} and end {end}; expected start < end")
    left = torch.linspace(-start, -end, steps + 1, dtype=torch.float64).sigmoid()
    return Schedule.from_alpha_bar((left - left[-1]) / (left[0] - left[-1]))


def along(values: Tensor, x: Tensor) -> Tensor:
    """Give one number a point the shape (N, 1, ..., 1), the type and device of x."""
    return values.to(x).view(-1, *[1] * (x.ndim - 1))


def _check_steps(steps: int) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is {steps!r}; expected a whole number of at least 1")
