"""The noise-contrast widget: what the page computes agrees with PyTorch."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from torch.distributions import Normal

from ganbook import nce
from ganbook.widgets import NoiseContrast
from ganbook.widgets.page import module_source

MODULE = "noise_contrast.js"
SETTINGS = [
    {"m": 0.0, "s": 1.0, "k": 1},
    {"m": 1.0, "s": 1.5, "k": 4},
    {"m": -2.0, "s": 0.7, "k": 16},
    {"m": 0.3, "s": 5.0, "k": 2},
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_posterior_agrees_with_the_package(javascript: Any, setting: dict) -> None:
    x = torch.linspace(-8, 8, 161, dtype=torch.float64)
    shown = javascript(
        MODULE,
        "input.x.map((x) => module.posterior(x, input.setting))",
        {"x": x.tolist(), "setting": setting},
    )
    noise = Normal(setting["m"], setting["s"]).log_prob(x)
    points = nce.LogDensities(Normal(0, 1).log_prob(x).double(), noise.double())
    expected = nce.posterior(points, k=setting["k"])
    np.testing.assert_allclose(shown, expected.numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("setting", SETTINGS)
def test_fit_is_where_the_package_loss_is_flat(javascript: Any, setting: dict) -> None:
    draws = torch.Generator().manual_seed(3)
    x = torch.randn(200, generator=draws, dtype=torch.float64)
    z = torch.randn(200 * setting["k"], generator=draws, dtype=torch.float64)
    y = setting["m"] + setting["s"] * z
    found = javascript(
        MODULE,
        "module.fit(input.x, input.y, input.setting)",
        {"x": x.tolist(), "y": y.tolist(), "setting": setting},
    )
    values = [found["mean"], found["log Z"]]
    mean, zeta = (torch.tensor(v, dtype=torch.float64) for v in values)
    mean.requires_grad_(), zeta.requires_grad_()
    noise = Normal(*(torch.tensor(setting[q], dtype=torch.float64) for q in "ms"))
    both = [
        nce.LogDensities(-((t - mean) ** 2) / 2 - zeta, noise.log_prob(t))
        for t in (x, y)
    ]
    nce.loss(*both, k=setting["k"]).backward()
    assert abs(mean.grad.item()) < 1e-9
    assert abs(zeta.grad.item()) < 1e-9


@pytest.mark.parametrize("setting", SETTINGS)
def test_predicted_spread_agrees_with_python(javascript: Any, setting: dict) -> None:
    shown = javascript(MODULE, "module.predicted(input)", setting)
    widget = NoiseContrast(mean=setting["m"], spread=setting["s"], k=setting["k"])
    expected = widget.predicted_deviations(100)
    np.testing.assert_allclose(list(shown.values()), expected, rtol=1e-5, atol=1e-7)


def test_matched_noise_costs_one_plus_one_over_k() -> None:
    for k in (1, 2, 4, 8, 16):
        mean, zeta = NoiseContrast(mean=0, spread=1, k=k).predicted_deviations(1)
        assert mean**2 == pytest.approx(1 + 1 / k)
        assert zeta == pytest.approx(0, abs=1e-6)  # w is constant: c needs no luck


def test_experiments_spread_as_predicted(javascript: Any) -> None:
    """Forty runs give a deviation to within a ninth; three of those are allowed."""
    answers = javascript(
        MODULE,
        """(() => {
          const data = module.normals(module.RUNS * module.DATA, 1);
          const noise = module.normals(module.RUNS * module.DATA * module.MOST, 2);
          return input.map((setting) => {
            const { estimates } = module.experiments(setting, data, noise);
            return [
              estimates.length,
              module.summary(estimates.map(({ mean }) => mean)),
              module.predicted(setting).mean];
          });
        })()""",
        SETTINGS[:2],
    )
    for count, measured, predicted in answers:
        assert count == 40
        assert abs(measured["deviation"] / predicted - 1) < 3 / 9
        assert abs(measured["mean"]) < 4 * predicted / math.sqrt(40)


def test_normals_are_normal(javascript: Any) -> None:
    values = javascript(MODULE, "Array.from(module.normals(20000, 1))", None)
    z = np.array(values)
    np.testing.assert_allclose([z.mean(), z.std()], [0, 1], atol=0.03)
    np.testing.assert_allclose([(z**3).mean(), (z**4).mean()], [0, 3], atol=0.15)


def test_points_that_do_not_determine_an_estimate(javascript: Any) -> None:
    """Data left, noise right, no overlap: the likelihood has no maximum."""
    setting = {"m": 4, "s": 0.2, "k": 1}
    found = javascript(
        MODULE,
        "module.fit(input.x, input.y, input.setting)",
        {"x": [-1, 0, 1], "y": [3.9, 4.0, 4.1], "setting": setting},
    )
    assert found is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean": 5.0}, "mean"),
        ({"spread": 0.1}, "spread"),
        ({"spread": float("nan")}, "spread must be finite, got nan"),
        ({"k": 3}, "k"),
        ({"estimate": "median"}, "median"),
    ],
)
def test_bad_values_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        NoiseContrast(**values)


def test_no_data_is_refused() -> None:
    with pytest.raises(ValueError, match="data is 0"):
        NoiseContrast().predicted_deviations(0)


def test_page_is_self_contained() -> None:
    text = NoiseContrast().to_html()
    assert re.findall(r"https?://", text) == []
    assert module_source(MODULE).count("export default") == 1
    assert "standard deviation of about" in NoiseContrast().describe()
