"""Tests of the networks of super-resolution."""

import os
from pathlib import Path

import pytest
import torch

from ganbook import data, metrics, weights
from ganbook.networks import RRDBNet, SRDiscriminator, SRResNet, count_parameters
from ganbook.networks.enlargers import blend, enlarge, pretrained
from ganbook.networks.esrgan import DenseBlock
from ganbook.networks.srgan import ResidualBlock


def noise(*shape: int) -> torch.Tensor:
    """Images of noise in [-1, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_published_network_has_its_published_size() -> None:
    """Figure 4, counted by hand: convolutions, norms, one slope per PReLU."""
    conv = 9 * 64 * 64
    head = 81 * 3 * 64 + 64 + 1
    block = 2 * (conv + 128) + 1
    middle = conv + 128
    doubling = 4 * conv + 256 + 1
    tail = 2 * doubling + 81 * 64 * 3 + 3
    assert (
        count_parameters(SRResNet()) == head + 16 * block + middle + tail == 1_547_350
    )


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("options", [{}, {"direct": True}, {"batch_norm": False}])
def test_images_grow_by_the_scale(scale: int, options: dict) -> None:
    """Odd sizes too."""
    network = SRResNet(8, 1, scale, **options)
    assert network(noise(2, 3, 5, 7)).shape == (2, 3, 5 * scale, 7 * scale)


def test_with_a_bicubic_skip_it_begins_as_interpolation() -> None:
    """Before training, whatever the rest computes is multiplied by zero."""
    network = SRResNet(8, 2, batch_norm=False, direct=True, bicubic_skip=True)
    low = noise(1, 3, 6, 6)
    expected = torch.nn.functional.interpolate(low, scale_factor=4, mode="bicubic")
    torch.testing.assert_close(network(low), expected)


def test_a_block_adds_to_what_came_in() -> None:
    """With its last layer at zero it is the identity."""
    for norm in (True, False):
        block = ResidualBlock(4, batch_norm=norm)
        torch.nn.init.zeros_(block.layers[-1].weight)
        if not norm:
            torch.nn.init.zeros_(block.layers[-1].bias)
        x = noise(2, 4, 5, 5)
        torch.testing.assert_close(block(x), x)


def test_the_published_discriminator() -> None:
    """Eight convolutions, halved four times, 512 maps of 6 x 6, one logit."""
    network = SRDiscriminator()
    convs = [m for m in network.layers if isinstance(m, torch.nn.Conv2d)]
    widths = [conv.out_channels for conv in convs]
    assert widths == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [conv.stride[0] for conv in convs] == [1, 2] * 4
    assert network.layers[-3].in_features == 512 * 6 * 6
    for width in (64, 3):  # three maps behind the first layer are not the image
        layers = SRDiscriminator(32, width).layers
        assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in layers) == 7
    assert SRDiscriminator(32, 4)(noise(2, 3, 32, 32)).shape == (2, 1)


def test_the_published_rrdb_network_has_its_published_size() -> None:
    """16.7 million weights, as the authors' release has."""
    assert count_parameters(RRDBNet()) == 16_697_987
    assert RRDBNet(8, 1, 4)(noise(1, 3, 5, 6)).shape == (1, 3, 20, 24)
    assert RRDBNet(8, 1, 4, scale=2)(noise(1, 3, 5, 6)).shape == (1, 3, 10, 12)


def test_a_dense_block_sees_all_maps_before() -> None:
    """The fifth convolution reads what came in and four times the growth."""
    block = DenseBlock(8, 4)
    assert [conv.in_channels for conv in block.convs] == [8, 12, 16, 20, 24]
    assert [conv.out_channels for conv in block.convs] == [4, 4, 4, 4, 8]
    torch.nn.init.zeros_(block.convs[-1].weight)
    x = noise(1, 8, 4, 4)
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SRResNet(scale=3), "scale is 3; expected 2, 4 or 8"),
        (lambda: SRResNet(blocks=0), "expected at least 1"),
        (lambda: RRDBNet(scale=5), "scale is 5; expected 2, 4 or 8"),
        (lambda: RRDBNet(growth=0), "expected at least 1"),
        (lambda: SRDiscriminator(40), "expected a positive multiple of 16"),
        (
            lambda: SRDiscriminator(32, 4)(noise(1, 3, 48, 48)),
            r"expected \(N, 3, 32, 32\)",
        ),
        (lambda: SRResNet(4, 1)(noise(1, 1, 8, 8)), r"expected \(N, 3, H, W\)"),
        (lambda: RRDBNet(4, 1, 4)(noise(3, 8, 8)), r"expected \(N, 3, H, W\)"),
    ],
)
def test_what_cannot_be_is_refused(make, message) -> None:
    """With what came and what was expected."""
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("norm", [False, True])
def test_blended_weights_give_both_ends(norm: bool) -> None:
    """Share 0 is the first network, 1 the second; others are refused."""
    a, b = (SRResNet(4, 1, batch_norm=norm) for _ in range(2))
    low = noise(1, 3, 6, 6)
    b(low)  # whose running statistics, if it has any, are others now
    a.eval(), b.eval()
    torch.testing.assert_close(blend(a, b, 0.0)(low), a(low))
    torch.testing.assert_close(blend(a, b, 1.0)(low), b(low))
    half = blend(a, b, 0.5).state_dict()["head.0.weight"]
    torch.testing.assert_close(half, (a.head[0].weight + b.head[0].weight).data / 2)
    with pytest.raises(ValueError, match="expected 0 to 1"):
        blend(a, b, 1.5)
    with pytest.raises(ValueError, match="differ in kind"):
        blend(a, SRResNet(5, 1, batch_norm=norm), 0.5)


def test_an_ensemble_commutes_with_flips_and_turns() -> None:
    """A network alone does not; the average over all eight ways does."""
    network = SRResNet(4, 1, scale=2, batch_norm=False).eval()
    low = noise(3, 6, 9) / 10
    for turn in (lambda x: x.flip(-1), lambda x: x.rot90(1, (-2, -1))):
        plain = (enlarge(network, turn(low)), turn(enlarge(network, low)))
        assert (plain[0] - plain[1]).abs().max() > 1e-4
        ours = (enlarge(network, x, ensemble=True) for x in (turn(low), low))
        torch.testing.assert_close(next(ours), turn(next(ours)), atol=1e-5, rtol=0)


def test_enlarged_images_stay_in_range() -> None:
    """Single images come back single, clamped."""
    network = SRResNet(4, 1, batch_norm=False)
    torch.nn.init.constant_(network.tail[-1].bias, 9.0)
    found = enlarge(network, noise(3, 4, 5))
    assert found.shape == (3, 16, 20) and found.max() == 1 and not found.requires_grad


def test_enlarging_leaves_no_trace_and_no_image_sees_its_neighbors() -> None:
    """Running statistics count, and stay; each part gets back its mode."""
    network = SRResNet(4, 1)
    network.body[-1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    low = noise(2, 3, 6, 6)
    together = enlarge(network, low)
    torch.testing.assert_close(together[:1], enlarge(network, low[:1]))
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert network.training and not network.body[-1].training


@pytest.mark.parametrize("ensemble", [False, True])
def test_images_go_to_the_network_and_come_back(ensemble: bool) -> None:
    """To the device of its weights, here one without memory; the answer returns."""

    class Elsewhere(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.empty(1, device="meta"))
            self.seen: set[str] = set()

        def forward(self, low: torch.Tensor) -> torch.Tensor:
            self.seen.add(low.device.type)
            return torch.zeros(1, 3, 8, 8)  # meta tensors cannot come back

    network = Elsewhere()
    found = enlarge(network, noise(1, 3, 4, 4), ensemble=ensemble)
    assert network.seen == {"meta"} and found.device.type == "cpu"


@pytest.mark.parametrize("stage", ["pixel", "content", "adversarial", "relativistic"])
def test_shipped_weights_are_small_and_work(stage: str) -> None:
    """Below 5 MB each, with a card; close to the photograph, sharper than bicubic."""
    path = Path(weights.__file__).with_name(f"srresnet-{stage}.safetensors")
    assert path.stat().st_size < 5_000_000
    assert "BSDS500" in weights.card(f"srresnet-{stage}")
    network = pretrained(stage)
    assert not network.training
    photo = data.photos(split="test", verbose=False)[0][:, 40:200, 100:340]
    low, high = (data.from_pixels(x)[None] for x in data.shrink(photo, 4))
    bicubic, ours = data.bicubic(low, 4), enlarge(network, low)
    found, plain = (
        metrics.psnr(x, high, border=4, luma=True).item() for x in (ours, bicubic)
    )
    if stage == "pixel":
        assert found > plain + 0.5
    assert found > plain - 2

    def detail(x: torch.Tensor) -> float:
        return (x - data.bicubic(data.bicubic(x, 1 / 4), 4)).square().mean().item()

    assert detail(ours) > 2 * detail(bicubic)


@pytest.mark.skipif(
    not Path(os.environ.get("GANBOOK_DATA", "none"), "sr", "Set5").is_dir(),
    reason="needs Set5",
)
def test_the_pixel_network_reaches_31_decibels_on_set5() -> None:
    """By the protocol of the tables, with the weights as they ship."""
    from ganbook.experiments.enlargers import set5

    assert set5(pretrained("pixel"))["set5_psnr_y"] >= 31.0
