r"""Instruments that tell one failure of training from another.

Coverage counts the modes that samples reach. The other two look at the game itself,
as a vector field: :math:`v(\theta, \phi) = (-\nabla_\theta L_G, -\nabla_\phi L_D)` is
where small steps of plain gradient descent would take both players, and the
eigenvalues of its Jacobian say what such steps do near a place where it vanishes.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganbook.losses import Loss
from ganbook.regularizers import Regularizer


class Coverage(NamedTuple):
    """How samples spread over modes.

    Attributes:
        modes: How many modes are covered.
        good: Share of samples that belong to a mode, in [0, 1].
        shares: Each mode's share of all samples, (K,).
    """

    modes: int
    good: float
    shares: Tensor


def coverage(
    points: Tensor, centers: Tensor, radius: float, *, least: float = 0.1
) -> Coverage:
    """Count the modes that ``points`` cover.

    A point belongs to the nearest center if it is within ``radius`` of it. A mode is
    covered if it holds at least ``least`` times its fair share, 1/K of all points.

    Args:
        points: Samples (N, D).
        centers: Centers of the modes (K, D).
        radius: How near is near; three standard deviations, mostly.
        least: See above. (Where one point is enough, stray points cover modes.)

    Raises:
        ValueError: If there are no points or centers, or the shapes do not fit.
    """
    fits = points.ndim == 2 and points.shape[1:] == centers.shape[1:]
    if not (fits and len(points) and len(centers)):
        raise ValueError(
            f"points have shape {tuple(points.shape)} and centers "
            f"{tuple(centers.shape)}; expected (N, D) and (K, D), N and K above 0"
        )
    distance, nearest = torch.cdist(points, centers).min(dim=1)
    held = torch.bincount(nearest[distance <= radius], minlength=len(centers))
    shares = held / len(points)
    covered = int((shares >= least / len(centers)).sum())
    return Coverage(covered, float(shares.sum()), shares)


def field(
    generator: nn.Module,
    discriminator: nn.Module,
    loss: Loss,
    real: Tensor,
    z: Tensor,
    *,
    regularizer: Regularizer | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return :math:`-\nabla_\theta L_G` and :math:`-\nabla_\phi L_D`, each flat.

    Both are taken at the same weights, and can be differentiated again.

    Args:
        generator: Whose weights are :math:`\theta`.
        discriminator: Whose weights are :math:`\phi`.
        loss: What both minimize.
        real: A real batch.
        z: Latent vectors (N, latent_dim).
        regularizer: What the discriminator's loss gains.
    """
    fake = generator(z)
    fake_logits = discriminator(fake)
    loss_g = loss.generator(fake_logits)
    loss_d = loss.discriminator(discriminator(real), fake_logits)
    if regularizer is not None:
        loss_d = loss_d + regularizer(discriminator, real, fake)
    return (
        _downhill(loss_g, generator.parameters()),
        _downhill(loss_d, discriminator.parameters()),
    )


def _downhill(loss: Tensor, weights: Iterable[Tensor]) -> Tensor:
    slopes = torch.autograd.grad(
        loss,
        list(weights),
        create_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return -torch.cat([slope.flatten() for slope in slopes])


def jacobian(
    generator: nn.Module,
    discriminator: nn.Module,
    loss: Loss,
    real: Tensor,
    z: Tensor,
    *,
    regularizer: Regularizer | None = None,
) -> Tensor:
    r"""Return the Jacobian of the game's field, (P, P) for P weights of both.

    Its eigenvalues :math:`\lambda` describe small steps :math:`h` of plain gradient
    descent near an equilibrium: they approach it where every
    :math:`|1 + h\lambda| < 1`. So a negative real part draws in, and the larger the
    imaginary part beside it, the smaller the steps have to be (Mescheder, Nowozin
    and Geiger, 2017, section 3). Use it for hundreds of weights, not for millions.

    Args:
        generator: Whose weights come first.
        discriminator: Whose weights come second.
        loss: What both minimize.
        real: A real batch.
        z: Latent vectors (N, latent_dim).
        regularizer: What the discriminator's loss gains.
    """
    flow = torch.cat(
        field(generator, discriminator, loss, real, z, regularizer=regularizer)
    )
    weights = [*generator.parameters(), *discriminator.parameters()]
    columns = torch.autograd.grad(
        flow,
        weights,
        grad_outputs=torch.eye(len(flow), dtype=flow.dtype, device=flow.device),
        is_grads_batched=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return torch.cat([part.flatten(1) for part in columns], dim=1)
