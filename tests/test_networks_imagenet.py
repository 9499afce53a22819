"""Tests of the networks that know photographs."""

import hashlib

import pytest
import torch
from torch import nn
from torchvision.models import vgg19

from ganbook import data, metrics
from ganbook.networks import ImageNetFeatures, vgg19_features
from ganbook.networks.imagenet import (
    VGG19,
    VGG19_LAYERS,
    VGG19Features,
    imagenet_features,
)

#: ImageNet's numbers: tabby, tiger cat, Egyptian cat; espresso, cup.
CATS, COFFEE = {281, 282, 285}, {967, 968}


@pytest.fixture(scope="module")
def held_out() -> list[torch.Tensor]:
    """The held-out photographs, their middle squares, 224 x 224."""
    squares = []
    for photo in data.photos(split="test", verbose=False):
        side = min(photo.shape[1:])
        top, left = ((size - side) // 2 for size in photo.shape[1:])
        square = photo[None, :, top : top + side, left : left + side]
        small = data.bicubic(square, 224 / side)[..., :224, :224]
        squares.append(small.clamp(-1, 1))
    return squares


def test_it_knows_a_cat_and_a_cup(held_out) -> None:
    """So range, order of channels and normalization are right."""
    cat, cup, _ = held_out
    logits = imagenet_features(torch.device("cpu")).classify(torch.cat([cat, cup]))
    top = logits.topk(3).indices.tolist()
    assert set(top[0]) == CATS
    assert top[1][0] in COFFEE
    shares = logits.softmax(1)
    assert shares[0, list(CATS)].sum() > 0.8 and shares[1, list(COFFEE)].sum() > 0.9


def test_maps_have_the_sizes_of_their_names(held_out) -> None:
    """Half, quarter and so on; pooled features for metrics."""
    network = ImageNetFeatures(
        ("half", "quarter", "eighth", "sixteenth", "thirtysecond")
    )
    maps = network(held_out[0])
    shapes = {name: tuple(value.shape[1:]) for name, value in maps.items()}
    assert shapes == {
        "half": (16, 112, 112),
        "quarter": (24, 56, 56),
        "eighth": (40, 28, 28),
        "sixteenth": (112, 14, 14),
        "thirtysecond": (320, 7, 7),
    }
    assert network.train().training is False
    assert not any(p.requires_grad for p in network.parameters())


def test_gradients_reach_the_images() -> None:
    """A content loss needs them."""
    images = torch.zeros(1, 3, 32, 32, requires_grad=True)
    sum(m.square().mean() for m in ImageNetFeatures()(images).values()).backward()
    assert images.grad.abs().sum() > 0


def test_distances_carry_the_name_of_the_features() -> None:
    """FD(imagenet), of 1,280 numbers an image."""
    images = torch.rand(4, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    features = metrics.imagenet(images, batch_size=3)
    assert features.shape == (4, 1280) and features.min() >= 0
    torch.testing.assert_close(features[3:], metrics.imagenet(images[3:]))
    assert metrics.fd(images, images, features=metrics.imagenet).name == "FD(imagenet)"


@pytest.mark.parametrize(
    "images", [torch.zeros(1, 1, 64, 64), torch.zeros(1, 3, 31, 64)]
)
def test_other_images_are_refused(images: torch.Tensor) -> None:
    """Gray ones, and those too small for five halvings."""
    with pytest.raises(ValueError, match="at least 32 x 32"):
        metrics.imagenet(images)
    with pytest.raises(ValueError, match="expected of half"):
        ImageNetFeatures(("whole",))


def test_vgg19_layers_end_after_their_activation() -> None:
    """Counted in torchvision's own list: four poolings of 16 convolutions."""
    with torch.device("meta"):
        layers = vgg19(weights=None).features
    for name, end in VGG19_LAYERS.items():
        assert isinstance(layers[end - 1], nn.ReLU)
        convs = sum(isinstance(layer, nn.Conv2d) for layer in layers[:end])
        pools = sum(isinstance(layer, nn.MaxPool2d) for layer in layers[:end])
        group, number = map(int, name.removeprefix("relu").split("_"))
        assert pools == group - 1
        assert convs == {1: 0, 2: 2, 3: 4, 4: 8, 5: 12}[group] + number


def test_vgg19_features_are_those_of_the_plain_network() -> None:
    """Normalized as ImageNet's pixels; nothing changed in place."""
    torch.manual_seed(0)
    plain = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(True), nn.Conv2d(4, 4, 3), nn.ReLU(True)
    )
    network = VGG19Features(plain, ("relu1_2",))
    images = torch.rand(1, 3, 32, 32) * 2 - 1
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    expected = plain(((images + 1) / 2 - mean) / deviation)
    torch.testing.assert_close(network(images)["relu1_2"], expected)


@pytest.fixture
def nothing_here(tmp_path, monkeypatch) -> None:
    """Empty folders wherever weights are looked for."""
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


@pytest.fixture
def vgg19_file(tmp_path):
    """A file with VGG19's names and shapes; all numbers of a tensor are one."""
    with torch.device("meta"):
        state = vgg19(weights=None).state_dict()
    numbers = {name: torch.tensor(float(i)) for i, name in enumerate(state)}
    path = tmp_path / "mirror" / VGG19
    path.parent.mkdir()
    torch.save({k: numbers[k].expand(v.shape) for k, v in state.items()}, path)
    return path


def test_vgg19_gets_the_weights_of_its_file(vgg19_file) -> None:
    """And draws none at random."""
    state = torch.get_rng_state()
    network = vgg19_features("relu1_2", weights=vgg19_file)
    assert torch.equal(torch.get_rng_state(), state)
    biases = [layer.bias for layer in network.layers if isinstance(layer, nn.Conv2d)]
    assert [(bias.unique().item(), len(bias)) for bias in biases] == [(1, 64), (3, 64)]
    assert network(torch.zeros(1, 3, 32, 32))["relu1_2"].shape == (1, 64, 32, 32)


@pytest.mark.usefixtures("nothing_here")
def test_vgg19_is_fetched_where_asked_for(vgg19_file, tmp_path, monkeypatch) -> None:
    """What has another hash is refused; the error says what to put where."""
    mirror = f"{vgg19_file.parent.as_uri()}/"
    monkeypatch.setattr("ganbook.networks.imagenet.VGG19_MIRROR", mirror)
    with pytest.raises(OSError, match="wrong content: expected sha256 dcbb9e9d"):
        vgg19_features("relu1_2", download=True)
    digest = "sha256:" + hashlib.sha256(vgg19_file.read_bytes()).hexdigest()
    monkeypatch.setattr("ganbook.networks.imagenet.VGG19_DIGEST", digest)
    vgg19_features("relu1_2", download=True)
    assert (tmp_path / "data" / VGG19).is_file()
    vgg19_features("relu1_2")  # it is there now


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"an error page", "is damaged"), ({"classifier": 1}, "does not fit")],
)
def test_other_files_are_named(content, message, tmp_path) -> None:
    """With their path, whatever torch says of them."""
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=rf"weights.pth {message}"):
        vgg19_features(weights=path)


@pytest.mark.usefixtures("nothing_here")
def test_vgg19_says_where_its_weights_belong() -> None:
    """Nothing is downloaded unasked."""
    with pytest.raises(FileNotFoundError, match="download=True"):
        vgg19_features()
    with pytest.raises(ValueError, match="no layers relu6_1"):
        vgg19_features("relu6_1")
