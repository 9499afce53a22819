"""Trained enlargers, what lies between two of them, and how they are used."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from ganbook import weights
from ganbook.networks.running import device_of, evaluating
from ganbook.networks.srgan import SRResNet

#: The network that ships: what 20 minutes of one processor core can train.
ENLARGER = {
    "channels": 64,
    "blocks": 8,
    "scale": 4,
    "batch_norm": False,
    "direct": True,
    "bicubic_skip": True,
}


def pretrained(stage: str = "pixel") -> SRResNet:
    """Return a network that ships with this package: it enlarges four times.

    Args:
        stage: Of its training: ``"pixel"``, ``"content"``, ``"adversarial"`` or
            ``"relativistic"``. The card is ``weights.card("srresnet-pixel")`` and so
            on.

    Returns:
        The network in single precision, frozen.

    Raises:
        ValueError: If no such stage ships.
    """
    return weights.load(SRResNet(**ENLARGER), f"srresnet-{stage}")


@torch.no_grad()
def blend(a: nn.Module, b: nn.Module, share: float) -> nn.Module:
    r"""Return a network whose weights lie between those of two others.

    .. math:: \theta = (1 - \alpha)\,\theta_a + \alpha\,\theta_b

    Two networks of the same start lie close enough that all between them work: a
    knob between fewer errors and more texture, without training. Running statistics
    are mixed too; counters of batches are those of ``a``.

    Args:
        a: A network.
        b: A network of the same kind, trained on from ``a``.
        share: :math:`\alpha` in [0, 1].

    Raises:
        ValueError: If ``share`` is outside [0, 1], or the networks differ in kind.

    Source: Wang et al. (2018), equation 4.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; expected 0 to 1")
    ours, theirs = a.state_dict(), b.state_dict()
    shapes = [{k: v.shape for k, v in state.items()} for state in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError("the networks differ in kind; expected weights of one shape")
    mixed = {
        name: torch.lerp(value, theirs[name], share)
        for name, value in ours.items()
        if value.is_floating_point()
    }
    network = deepcopy(a)
    network.load_state_dict(ours | mixed)
    return network


@torch.no_grad()
def enlarge(network: nn.Module, images: Tensor, *, ensemble: bool = False) -> Tensor:
    """Enlarge images with a network; values come back within [-1, 1].

    Args:
        network: From (N, 3, H, W) to (N, 3, scale H, scale W), on any device; called
            in its evaluation mode.
        images: Images (N, 3, H, W) or one (3, H, W), in [-1, 1].
        ensemble: Average over the eight ways to flip and transpose the input
            (Timofte et al., 2016): eight times the work for a tenth of a decibel.

    Returns:
        Images on the device of ``images``, float32, single if one came.
    """
    if images.ndim == 3:
        return enlarge(network, images[None], ensemble=ensemble)[0]
    low = images.to(device_of(network))
    with evaluating(network):
        high = _average(network, low) if ensemble else network(low).float()
    return high.clamp(-1, 1).to(images.device)


def _average(network: nn.Module, low: Tensor) -> Tensor:
    """Return the mean of what the network makes of ``low``, turned in eight ways."""
    total = 0
    for turns in range(4):
        for mirror in (False, True):
            seen = low.rot90(turns, (2, 3))
            seen = seen.flip(3) if mirror else seen
            answer = network(seen).float()
            answer = answer.flip(3) if mirror else answer
            total = total + answer.rot90(-turns, (2, 3))
    return total / 8
