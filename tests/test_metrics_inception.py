import hashlib

import pytest
import torch

from ganbook import metrics
from ganbook.metrics import inception as inception_features
from ganbook.metrics.inception_v3 import load_inception
from ganbook.networks import InceptionV3Features
from ganbook.networks.inception import resize_as_tensorflow_1


def patterned(network):
    """Weights that can be written down, of a size that keeps activations alive."""
    for index, (name, tensor) in enumerate(network.state_dict().items()):
        if not tensor.is_floating_point():
            continue
        count = torch.arange(tensor.numel(), dtype=torch.float64)
        wave = torch.sin(0.618 * count + index).view(tensor.shape)
        if tensor.ndim == 4:
            tensor.copy_(wave * (4 / tensor[0].numel()) ** 0.5)
        elif name.endswith("running_var"):
            tensor.copy_(1 + 0.5 * wave)
        elif name.endswith("bn.weight"):
            tensor.copy_(1 + 0.2 * wave)
        else:
            tensor.copy_(0.1 * wave)
    return network


RECORDED = [
    [0.0, 97.354, 24.271, 0.0, 0.0, 0.0, 11.538, 3.842],
    [0.0, 98.093, 24.455, 0.0, 0.0, 0.0, 11.613, 3.898],
]
MEANS = [20.30763, 20.45925]


@pytest.fixture(scope="module")
def network():
    return patterned(InceptionV3Features())


@pytest.fixture
def checkpoint(network, tmp_path):
    weights = network.state_dict()
    weights |= {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    file = tmp_path / "weights-inception-2015-12-05-6726825d.pth"
    torch.save(weights, file)
    return file


def photographs():
    """Two colorful patterns, as uint8 pixels (2, 3, 32, 40)."""
    index = torch.arange(2 * 3 * 32 * 40).view(2, 3, 32, 40)
    return (index * 7919 % 65521 % 256).to(torch.uint8)


def test_agrees_with_torch_fidelity(network):
    """What FeatureExtractorInceptionV3 of torch-fidelity 0.4.0 gives, same weights.

    There the difference was 0.0 in float32; in float64 it was 2e-7 of the norm.
    """
    features = network(photographs().float() / 127.5 - 1)
    assert features.shape == (2, 2048)
    recorded = torch.tensor(RECORDED)
    torch.testing.assert_close(features[:, ::256], recorded, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(
        features.double().mean(1), torch.tensor(MEANS).double(), rtol=1e-5, atol=0
    )


def test_it_has_the_tensors_of_the_published_file(network):
    names = network.state_dict()
    assert len(names) == 564  # and two of the classifier
    assert names["Mixed_7c.branch3x3dbl_3b.conv.weight"].shape == (384, 384, 3, 1)
    assert names["Mixed_6d.branch7x7dbl_2.conv.weight"].shape == (160, 160, 7, 1)
    assert sum(p.numel() for p in network.parameters()) == 21_785_568


def test_gray_images_are_three_equal_channels(network):
    gray = photographs()[:1, :1].float() / 127.5 - 1
    torch.testing.assert_close(network(gray), network(gray.expand(1, 3, 32, 40)))


def test_images_are_rounded_to_pixels(network):
    images = photographs()[:1].float() / 127.5 - 1
    assert torch.equal(network(images + 0.4 / 127.5), network(images))


def test_it_stays_in_evaluation_mode(network):
    assert not any(part.training for part in network.train().modules())


def test_resizing_by_hand():
    row = torch.tensor([0.0, 10.0, 30.0]).view(1, 1, 1, 3)
    # Positions 0, 0.5, 1, 1.5, 2, 2.5: the last is beyond the last pixel.
    expected = torch.tensor([0.0, 5.0, 10.0, 20.0, 30.0, 30.0])
    assert torch.equal(resize_as_tensorflow_1(row, 6)[0, 0, 0], expected)
    # Shrinking by three takes every third pixel, and averages nothing.
    comb = torch.arange(9.0).view(1, 1, 1, 9).expand(1, 1, 9, 9)
    assert resize_as_tensorflow_1(comb, 3)[0, 0, 0].tolist() == [0, 3, 6]


def test_weights_are_found_where_others_keep_them(checkpoint, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path))
    images = photographs().float() / 127.5 - 1
    features = metrics.inception(images, batch_size=1)
    torch.testing.assert_close(features, load_inception(checkpoint)(images))
    assert metrics.kd(images, images, features=metrics.inception).name == "KID"
    assert metrics.fetch_inception() == checkpoint  # nothing to fetch


def test_only_with_inception_is_it_called_fid():
    assert str(metrics.Distance(3.0, "inception", 9, 9)).startswith("FID = 3  (9 real")
    assert metrics.Distance(3.0, "lenet", 9, 9).name == "FD(lenet)"
    assert metrics.Distance(3.0, "lenet", 9, 9, kind="KD").name == "KD(lenet)"


def test_without_weights_it_says_where_they_belong(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"6726825d.pth.*fetch_inception\(\)"):
        metrics.inception(torch.zeros(2, 3, 8, 8))


def test_a_download_with_another_content_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path / "data"))
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "weights.pth").write_bytes(b"not these")
    files = {"weights.pth": f"{mirror.as_uri()}/"}
    monkeypatch.setattr("ganbook.metrics.inception_v3.FILES", files)
    with pytest.raises(OSError, match="wrong content: expected sha256 6726825d"):
        metrics.fetch_inception()
    digest = "sha256:" + hashlib.sha256(b"not these").hexdigest()
    monkeypatch.setattr("ganbook.metrics.inception_v3.DIGEST", digest)
    assert metrics.fetch_inception() == tmp_path / "data" / "weights.pth"


def test_weights_that_do_not_fit(tmp_path):
    torch.save({"Conv2d_1a_3x3.conv.weight": torch.zeros(1)}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match="does not fit the network"):
        load_inception(tmp_path / "x.pth")
    (tmp_path / "y.pth").write_bytes(b"an error page")
    with pytest.raises(ValueError, match=r"y.pth is damaged"):
        load_inception(tmp_path / "y.pth")


def test_refuses_other_shapes(network):
    with pytest.raises(ValueError, match=r"\(2, 4, 8, 8\); expected \(N, 3, H, W\)"):
        network(torch.zeros(2, 4, 8, 8))
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        inception_features(torch.zeros(2, 3, 8, 8), batch_size=0)
