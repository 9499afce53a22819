import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from ganbook import viz


def test_montage_lays_rows_and_mounts():
    images = torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 1, 3, 4)
    sheet = viz.montage(images, columns=2, gap=1)
    assert sheet.shape == (3 * 3 + 2, 4 * 2 + 1)
    assert sheet.dtype == np.uint8
    assert [sheet[0, 0], sheet[0, 5], sheet[4, 0], sheet[8, 0]] == [0, 64, 128, 255]
    assert (sheet[3] == 128).all()  # the gap
    assert (sheet[8:, 5:] == 128).all()  # the empty place


def test_montage_keeps_colors():
    red = torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert viz.montage(red).tolist() == [[[255, 0, 0]] * 2] * 2


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (2, 2), (1, 2, 4, 4)])
@pytest.mark.parametrize("draw", [viz.montage, viz.grid])
def test_bad_images(shape, draw):
    with pytest.raises(ValueError, match=r"expected \(N, C, H, W\)"):
        draw(torch.zeros(shape))


@pytest.mark.parametrize("columns", [0, -1])
@pytest.mark.parametrize("draw", [viz.montage, viz.grid])
def test_bad_columns(columns, draw):
    with pytest.raises(ValueError, match=f"columns is {columns}"):
        draw(torch.zeros(3, 1, 2, 2), columns=columns)


def test_grid_draws_each_pixel_once(tmp_path):
    figure = viz.grid(
        torch.zeros(6, 1, 28, 28), columns=3, titles="abc", row_labels=["1", "2"]
    )
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    assert axes.images[0].get_array().shape == (58, 88)
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c", "1", "2"]
    figure.savefig(tmp_path / "grid.svg")


def test_curves_show_running_means_in_their_range():
    figure = viz.curves(
        {"generator": np.arange(100.0), "discriminator": np.ones(100)},
        ylabel="loss in nats",
        smooth=10,
        lines={"log 4": np.log(4)},
    )
    (axes,) = figure.axes
    mean = axes.lines[0]
    np.testing.assert_allclose(mean.get_ydata(), np.arange(91) + 4.5)
    assert mean.get_xdata()[0] == 10
    assert mean.get_color() == viz.PALETTE["generator"]
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.9, 98.1)  # of steps 0..9 and 90..99
    assert axes.get_xlabel() == "training step"


def test_long_curves_stay_small():
    figure = viz.curves({"data": np.zeros(10_000)}, ylabel="zero")
    assert len(figure.axes[0].lines[0].get_xdata()) <= 300


def test_curves_of_nothing_are_an_error():
    with pytest.raises(ValueError, match="'data' has no values"):
        viz.curves({"data": []}, ylabel="zero")


def test_style_is_set_only_when_asked_for():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        assert matplotlib.rcParams["svg.fonttype"] == "path"
        viz.use_style()
        assert matplotlib.rcParams["svg.fonttype"] == "none"


def test_stacks_show_each_layer_and_its_shape():
    stages = [("z", (100, 1, 1), "latent"), ("dense", (128, 7, 7), "generator")]
    figure = viz.stacks(stages)
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert {"z", "100", "dense", "128 of 7x7"} <= shown
    assert len(figure.axes[0].patches) == 8 + 8  # squares: 1 + log2 of the maps


def test_stacks_of_nothing_are_an_error():
    with pytest.raises(ValueError, match="stages is empty"):
        viz.stacks([])
