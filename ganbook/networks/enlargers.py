"""Shipped enlargers: trained networks, stored beside this file."""

import json
from copy import deepcopy
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ganbook.networks.srgan import SRResNet

FOLDER = Path(__file__).parent


def pretrained(stage: str = "pixel", *, path: Path | None = None) -> SRResNet:
    """Return a network that ships with this package: it enlarges four times.

    Args:
        stage: Of its training: ``"pixel"``, ``"content"``, ``"adversarial"`` or
            ``"relativistic"``; ``srresnet.md`` beside the weights is their card.
        path: Another file, written by :func:`save_enlarger`.

    Returns:
        The network in single precision, frozen.

    Raises:
        ValueError: If no such stage ships, or the file is damaged or of another
            network.
        FileNotFoundError: If there is no file at ``path``.
    """
    if path is None:
        path = FOLDER / f"srresnet-{stage}.safetensors"
        if not path.is_file():
            shipped = sorted(p.stem[9:] for p in FOLDER.glob("srresnet-*.safetensors"))
            raise ValueError(f"stage is {stage!r}; shipped are {', '.join(shipped)}")
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is cut short or no weights: {error}") from error
    if "network" not in header:
        raise ValueError(f"{path} is of another kind: its header names no network")
    network = SRResNet(**json.loads(header["network"]))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit its network: {error}") from error
    return network.requires_grad_(False).eval()


def save_enlarger(network: SRResNet, arguments: dict, path: Path) -> None:
    """Write a network in half precision, with the arguments that make it anew."""
    weights = {k: v.half().contiguous() for k, v in network.state_dict().items()}
    aside = path.with_name(path.name + ".part")
    save_file(weights, aside, {"network": json.dumps(arguments)})
    aside.chmod(0o644)  # safetensors keeps files to their owner
    aside.replace(path)


@torch.no_grad()
def blend(a: nn.Module, b: nn.Module, share: float) -> nn.Module:
    r"""Return a network whose weights lie between those of two others.

    .. math:: \theta = (1 - \alpha)\,\theta_a + \alpha\,\theta_b

    Two networks of the same start lie close enough that all between them work: a
    knob between fewer errors and more texture, without training.

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
    mixed = {name: torch.lerp(ours[name], theirs[name], share) for name in ours}
    network = deepcopy(a)
    network.load_state_dict(mixed)
    return network


@torch.no_grad()
def enlarge(network: nn.Module, images: Tensor, *, ensemble: bool = False) -> Tensor:
    """Enlarge images with a network; values come back within [-1, 1].

    Args:
        network: From (N, 3, H, W) to (N, 3, scale H, scale W).
        images: Images (N, 3, H, W) or one (3, H, W), in [-1, 1].
        ensemble: Average over the eight ways to flip and transpose the input
            (Timofte et al., 2016): eight times the work for a tenth of a decibel.

    Returns:
        Images on the device of ``images``, float32, single if one came.
    """
    if images.ndim == 3:
        return enlarge(network, images[None], ensemble=ensemble)[0]
    if not ensemble:
        return network(images).float().clamp(-1, 1)
    total = 0
    for turns in range(4):
        for mirror in (False, True):
            seen = images.rot90(turns, (2, 3))
            seen = seen.flip(3) if mirror else seen
            answer = network(seen).float()
            answer = answer.flip(3) if mirror else answer
            total = total + answer.rot90(-turns, (2, 3))
    return (total / 8).clamp(-1, 1)
