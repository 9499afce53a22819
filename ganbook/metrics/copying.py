"""Does a generator return what it was trained on?"""

import torch
from torch import Tensor

from ganbook.metrics.neighbors import centered, check_features, squared_distances


def copying(train: Tensor, held_out: Tensor, fake: Tensor) -> float:
    r"""Probability that a sample is closer to the training set than held-out data.

    With :math:`d(x)` the distance of a point to its nearest training point,

    .. math:: P\bigl(d(y) < d(x)\bigr) + \tfrac12 P\bigl(d(y) = d(x)\bigr)

    for a sample :math:`y` and a held-out datum :math:`x`: 0.5 for a generator that
    is as close to the training set as fresh data are, 1 for one that copies, below 0.5
    for one that stays away (poor samples do). It is the Mann-Whitney statistic of
    Meehan, Chaudhuri and Dasgupta (2020), on the whole space rather than cell by cell,
    and with its sign turned.

    No distance between distributions can see this: the training set itself, shown as
    samples, is at the smallest distance of all.

    Args:
        train: Features (N, D) of the training set.
        held_out: Features (M, D) of data that were not trained on.
        fake: Features (K, D) of samples.

    Raises:
        ValueError: If shapes do not fit or values are not finite.
    """
    train, held_out, fake = centered(*check_features(train, held_out, fake))
    fresh, sampled = (
        torch.cat([squared.amin(1) for _, squared in squared_distances(points, train)])
        for points in (held_out, fake)
    )
    fresh = fresh.sort().values
    above = len(fresh) - torch.searchsorted(fresh, sampled, right=True)
    below = torch.searchsorted(fresh, sampled)
    return (0.5 + 0.5 * (above - below).double().mean() / len(fresh)).item()
