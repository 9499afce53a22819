"""What bfloat16 has no digits for, and what must not cost float64 its own."""

import torch
from torch import Tensor


def at_least_single(x: Tensor) -> Tensor:
    """Return ``x`` in float32, or as it is if it has more digits than that."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
