r"""Super-resolution as training: the losses of SRGAN and ESRGAN, and the loop.

What the enlarged image :math:`G(y)` should share with the photograph :math:`x` that
:math:`y` was shrunk from is a choice, and the paper makes it in three stages:

- *pixel*: the same numbers, :math:`\lVert G(y) - x \rVert_1`. The best answer is
  the (median) average of all photographs that shrink to :math:`y`: blurred.
- *content*: the same features of a network that knows photographs.
- *adversarial*: anything that a discriminator takes for a photograph, held to
  :math:`x` by the content term.

Source: Ledig et al. (2017); Wang et al. (2018) for the relativistic stage.
"""

from ganbook.enlarging import Enlargement, SuperResolver
from ganbook.networks.enlargers import blend, enlarge, pretrained
from ganbook.perceptual import (
    Features,
    Objective,
    PairedLoss,
    content_loss,
    paired,
    relativistic,
)

__all__ = [
    "Enlargement",
    "Features",
    "Objective",
    "PairedLoss",
    "SuperResolver",
    "blend",
    "content_loss",
    "enlarge",
    "paired",
    "pretrained",
    "relativistic",
]
