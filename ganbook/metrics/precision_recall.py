"""How good samples are, and how much of the data they cover, as two numbers."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbook.metrics.neighbors import centered, check_features, squared_distances


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of samples, and their steadier kin.

    Attributes:
        precision: Share of samples that lie among the data.
        recall: Share of the data that lie among the samples.
        density: Into how many of the balls around data a sample falls, over
            ``neighbors``; may exceed 1.
        coverage: Share of the data with a sample in their ball.
        neighbors: The balls reach to that neighbor.
        n_real: Number of real samples.
        n_fake: Number of generated samples.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    neighbors: int
    n_real: int
    n_fake: int

    def __str__(self) -> str:
        """Return all four numbers with the sample sizes."""
        return (
            f"precision {self.precision:.3f}, recall {self.recall:.3f}, "
            f"density {self.density:.3f}, coverage {self.coverage:.3f}  "
            f"(k = {self.neighbors}; {self.n_real:,} real, {self.n_fake:,} fake)"
        )


def precision_recall(
    real_features: Tensor, fake_features: Tensor, *, neighbors: int = 3
) -> PrecisionRecall:
    r"""Compare two samples by the balls that reach to the k-th nearest neighbor.

    With :math:`B(x)` the closed ball around a point up to its :math:`k`-th neighbor
    *in its own sample*, data :math:`x_1 \dots x_n` and samples :math:`y_1 \dots y_m`,

    .. math::

        \text{precision} &= \tfrac1m \#\{j : y_j \in \bigcup_i B(x_i)\}, &
        \text{recall} &= \tfrac1n \#\{i : x_i \in \bigcup_j B(y_j)\}, \\
        \text{density} &= \tfrac1{km} \#\{(i, j) : y_j \in B(x_i)\}, &
        \text{coverage} &= \tfrac1n \#\{i : \exists j\; y_j \in B(x_i)\} .

    The first two are of Kynkäänniemi et al. (2019), equations 1 and 2; the others of
    Naeem et al. (2020), equations 3 and 4, who propose k = 5. One outlier among the
    data has a large ball and lifts precision, an outlier among the samples lifts
    recall; density and coverage use the balls of the data alone.

    All depend on both sample sizes: compare numbers of equal sizes only, and with
    real against real beside them.

    Distances are exact, in float64, a block of the matrix at a time.

    Args:
        real_features: Features (N, D) of real images.
        fake_features: Features (M, D) of generated images.
        neighbors: :math:`k`, below N and M.

    Returns:
        The four numbers with the sample sizes.

    Raises:
        ValueError: If shapes do not fit, values are not finite, or ``neighbors`` is
            below 1 or not below both sample sizes.
    """
    real, fake = centered(*check_features(real_features, fake_features))
    fewest = min(len(real), len(fake))
    if not 1 <= neighbors < fewest:
        raise ValueError(
            f"neighbors is {neighbors}; expected at least 1 and fewer than the "
            f"{fewest} points of the smaller sample"
        )
    near_real, near_fake = (_reach(points, neighbors) for points in (real, fake))
    inside = real.new_zeros(len(fake))  # how many balls of data hold each sample
    covered, recalled = [], []
    for rows, squared in squared_distances(real, fake):
        in_ball = squared <= near_real[rows, None]
        inside += in_ball.sum(0)
        covered.append(in_ball.any(1))
        recalled.append((squared <= near_fake).any(1))
    return PrecisionRecall(
        precision=(inside > 0).double().mean().item(),
        recall=torch.cat(recalled).double().mean().item(),
        density=inside.mean().item() / neighbors,
        coverage=torch.cat(covered).double().mean().item(),
        neighbors=neighbors,
        n_real=len(real),
        n_fake=len(fake),
    )


def _reach(points: Tensor, neighbors: int) -> Tensor:
    """Return the squared distance (N,) of each point to its k-th neighbor."""
    # A point is its own nearest one, hence one more. The slack is for rounding: a copy
    # of the k-th neighbor lies on the rim, and the rim belongs to the ball.
    reach = torch.cat(
        [
            squared.topk(neighbors + 1, largest=False).values[:, -1]
            for _, squared in squared_distances(points, points)
        ]
    )
    return reach + 1e-12 * (reach + points.square().sum(1))
