"""How large a network is, and how far it sees."""

from collections.abc import Iterable
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def count_parameters(network: nn.Module, *, statistics: bool = False) -> int:
    """Count the parameters of a network, frozen ones included.

    Args:
        network: Any module.
        statistics: Count the running means and variances of batch
            normalization too. They are not trained, but Keras' summaries (and
            papers that quote them) include them in the total.
    """
    total = sum(p.numel() for p in network.parameters())
    if statistics:
        norms = (layer for layer in network.modules() if isinstance(layer, _BatchNorm))
        buffers = (buffer for norm in norms for buffer in norm.buffers())
        total += sum(b.numel() for b in buffers if b.is_floating_point())
    return total


class Reach(NamedTuple):
    """What one unit of a stack of convolutions sees of the input, in one direction.

    Attributes:
        size: Rows of the input that it can see, padding included.
        jump: Rows of the input between the first rows that two neighbors see.
        start: First row that the first unit sees; negative where that is padding.
    """

    size: int
    jump: int
    start: int


def receptive_field(layers: Iterable[tuple[int, int, int]]) -> Reach:
    r"""Return the receptive field of a stack of convolutions.

    .. math::

        r_l = r_{l-1} + (k_l - 1)\, j_{l-1}, \qquad j_l = s_l\, j_{l-1}, \qquad
        a_l = a_{l-1} - p_l\, j_{l-1}

    from :math:`r_0 = j_0 = 1` and :math:`a_0 = 0`: unit i of the last layer sees rows
    :math:`a + ij` to :math:`a + ij + r - 1`.

    Args:
        layers: Kernel k, stride s and zeros p above (or to the left), from the input
            on.

    Raises:
        ValueError: If a kernel or a stride is below 1, or a padding negative.

    Source: Araujo, Norris and Sim (2019), equations 2 to 4.
    """
    size, jump, start = 1, 1, 0
    for kernel, stride, padding in layers:
        if kernel < 1 or stride < 1 or padding < 0:
            raise ValueError(
                "expected a kernel and a stride of at least 1 and a padding of at "
                f"least 0, got {(kernel, stride, padding)}"
            )
        size += (kernel - 1) * jump
        start -= padding * jump
        jump *= stride
    return Reach(size, jump, start)
