"""How large a network is."""

from torch import nn


def count_parameters(network: nn.Module, *, statistics: bool = False) -> int:
    """Count the numbers that a network learns.

    Args:
        network: Any module.
        statistics: Count the running means and variances of batch
            normalization too. They are not trained, but Keras' summaries (and
            papers that quote them) include them in the total.
    """
    total = sum(p.numel() for p in network.parameters())
    if statistics:
        total += sum(b.numel() for b in network.buffers() if b.is_floating_point())
    return total
