"""Networks, one file a family. Discriminators return logits of shape (N, 1)."""

from ganbook.networks.dense import DenseDiscriminator, DenseGenerator
from ganbook.networks.size import count_parameters

__all__ = ["DenseDiscriminator", "DenseGenerator", "count_parameters"]
