"""Features of the published Inception network: those that FID is defined with."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ganbook.metrics.features import check_images
from ganbook.networks.inception import InceptionV3Features
from ganbook.networks.published import places, read_weights

#: The weights that TensorFlow published on 2015-12-05, converted twice to one content.
#: The names that torch-fidelity and pytorch-fid give the file, and where they keep it.
FILES = {
    "weights-inception-2015-12-05-6726825d.pth": (
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    ),
    "pt_inception-2015-12-05-6726825d.pth": (
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    ),
}
DIGEST = "sha256:6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


def inception(images: Tensor, *, batch_size: int = 50) -> Tensor:
    """Use the last pooled layer of Inception as features.

    With these, and only these, a Fréchet distance is called FID and a kernel distance
    KID. The network was trained on photographs of a thousand kinds of things; what it
    makes of other pictures is another question.

    The weights (96 MB) are not part of this package and are never fetched without
    being asked for: :func:`fetch_inception`. They are also found where torch-fidelity
    and pytorch-fid put them.

    Args:
        images: Floating-point ``(N, 3, H, W)`` or ``(N, 1, H, W)`` in ``[-1, 1]``.
        batch_size: How many images to take at a time.

    Returns:
        Features float32 ``(N, 2048)``, on the device of the images.

    Raises:
        ValueError: If ``images`` has another shape, type or range.
        FileNotFoundError: If the weights are not to be had; says where they belong.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    check_images(images)
    network = _network(find_inception(), images.device)
    with torch.no_grad():
        return torch.cat([network(part.float()) for part in images.split(batch_size)])


def find_inception() -> Path:
    """Return the file of the weights.

    Looked for in ``GANBOOK_DATA`` (where it is set), ``~/.cache/ganbook`` and the
    folder that PyTorch keeps downloads in, under either name.

    Raises:
        FileNotFoundError: If it is in none of these places.
    """
    folders = places()
    for folder in folders:
        for name in FILES:
            if (folder / name).is_file():
                return folder / name
    raise FileNotFoundError(
        f"no Inception weights: none of {', '.join(FILES)} is in "
        + ", ".join(map(str, folders))
        + ". Put one there, or call ganbook.metrics.fetch_inception() (96 MB)."
    )


def fetch_inception() -> Path:
    """Download the weights, unless they are there; return their file.

    Raises:
        OSError: If no mirror delivers what has the known hash.
    """
    from ganbook.data.download import download

    try:
        return find_inception()
    except FileNotFoundError:
        folder, failures = places()[0], []
    for name, mirror in FILES.items():
        try:
            return download(name, folder, [mirror], DIGEST)
        except OSError as error:
            failures.append(str(error))
    raise OSError("\n".join(failures))


def load_inception(path: Path) -> InceptionV3Features:
    """Make the network with the weights of a file, which must fit it exactly.

    Args:
        path: A file as torch-fidelity and pytorch-fid publish it; what belongs to
            the classifier on top of the features is left out.

    Raises:
        ValueError: If the file is damaged, or tensors are missing, unknown or of
            another shape.
    """
    content = read_weights(path)
    weights = {k: v for k, v in content.items() if not k.startswith("fc.")}
    network = InceptionV3Features()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the network: {error}") from error
    return network


@cache
def _network(path: Path, device: torch.device) -> InceptionV3Features:
    return load_inception(path).to(device)
