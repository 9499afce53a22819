"""Which of the classes a generator draws, and how often."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ModeCoverage:
    """How samples fall upon the classes, beside the data.

    Attributes:
        shares: Of each class among the samples, float64 (K,).
        reference: Of each class among the data, float64 (K,).
        covered: How many of the classes of the data have at least a tenth of their
            share among the samples.
        divergence: Kullback-Leibler divergence of the samples' shares from those of
            the data, in nats; 0 for equal shares.
    """

    shares: Tensor
    reference: Tensor
    covered: int
    divergence: float

    def __str__(self) -> str:
        """Return how many classes are covered, and the divergence."""
        classes = int((self.reference > 0).sum())
        return (
            f"{self.covered} of {classes} classes, "
            f"KL(samples, data) = {self.divergence:.3f} nats"
        )


def mode_coverage(
    fake_labels: Tensor, real_labels: Tensor, *, classes: int = 10
) -> ModeCoverage:
    r"""Compare how often each class occurs among samples and data.

    .. math:: \mathrm{KL} = \sum_k q_k \log \frac{q_k}{p_k}

    with :math:`q` the shares of the samples and :math:`p` those of the data. Counting
    modes with a classifier, and this divergence, go back to the experiments of
    Metz et al. (2017) on stacked digits.

    Args:
        fake_labels: What a classifier takes samples for, integers (N,).
        real_labels: What it takes data for (rather than their true labels, so that
            its errors are on both sides), integers (M,).
        classes: :math:`K`; labels are 0 to K - 1.

    Raises:
        ValueError: If labels are of another shape, type or range, there are none, or
            samples are of a class that the data do not have.
    """
    q, p = (_shares(labels, classes) for labels in (fake_labels, real_labels))
    if ((q > 0) & (p == 0)).any():
        missing = ((q > 0) & (p == 0)).nonzero().flatten().tolist()
        raise ValueError(f"samples are of classes that the data lack: {missing}")
    return ModeCoverage(
        shares=q,
        reference=p,
        covered=int(((q >= p / 10) & (p > 0)).sum()),
        divergence=torch.xlogy(q, q / p.clamp(min=1e-300)).sum().item(),
    )


def _shares(labels: Tensor, classes: int) -> Tensor:
    integers = isinstance(labels, Tensor) and not (
        labels.is_floating_point() or labels.is_complex()
    )
    if not integers or labels.ndim != 1 or not len(labels):
        found = tuple(labels.shape) if isinstance(labels, Tensor) else labels
        raise ValueError(f"expected integer labels of shape (N,), got {found}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"expected labels from 0 to {classes - 1}, found {int(labels.min())} "
            f"to {int(labels.max())}"
        )
    counts = torch.bincount(labels.cpu().long(), minlength=classes)
    return counts.double() / len(labels)
