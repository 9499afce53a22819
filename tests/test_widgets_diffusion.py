"""The diffusion widget: what the page computes agrees with PyTorch."""

import re
from typing import Any

import numpy as np
import pytest
import torch
import traitlets

from ganbook import diffusion
from ganbook.networks import MixtureDenoiser
from ganbook.schedules import Schedule
from ganbook.widgets import DiffusionTime
from ganbook.widgets.page import module_source

MODULE = "diffusion_time.js"
DIGITS = torch.randint(
    0, 256, (3, 28, 28), generator=torch.Generator().manual_seed(0)
).to(torch.uint8)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "sigmoid"])
@pytest.mark.parametrize("shift", [0.0, -3.0, 6.0])
def test_schedules_agree_with_the_package(javascript: Any, schedule, shift) -> None:
    shown = javascript(
        MODULE, "Array.from(module.alphaBar(...input))", [schedule, shift]
    )
    widget = DiffusionTime(schedule=schedule, shift=shift)
    np.testing.assert_allclose(shown, widget.alpha_bar.numpy(), rtol=1e-6)
    Schedule.from_alpha_bar(shown)  # falls strictly from 1
    if shift:
        plain = DiffusionTime(schedule=schedule).alpha_bar
        moved = (plain / (1 - plain)).log() + shift
        found = torch.tensor(shown, dtype=torch.float64).logit()
        torch.testing.assert_close(found[100:], moved[100:])


def mixture_in(javascript: Any, name: str) -> tuple[torch.Tensor, float]:
    found = javascript(
        MODULE,
        "(({ means, deviation }) => [Array.from(means), deviation])"
        "(module.mixtureOf(input, []))",
        name,
    )
    return torch.tensor(found[0], dtype=torch.float64).view(-1, 2), found[1]


@pytest.mark.parametrize("name", ["ring", "spiral"])
def test_estimates_agree_with_the_perfect_network(javascript: Any, name) -> None:
    means, deviation = mixture_in(javascript, name)
    schedule = diffusion.cosine()
    network = MixtureDenoiser(schedule.alpha_bar, means, deviation)
    random = torch.Generator().manual_seed(1)
    x = 1.5 * torch.randn(20, 2, generator=random, dtype=torch.float64)
    for t in (1, 100, 500, 999):
        times = torch.full((20,), t)
        a = schedule.alpha_bar[t].item()
        shown = javascript(
            MODULE,
            """(() => {
              const x = Float64Array.from(input.x);
              const m = module.mixtureOf(input.name, []);
              const { estimate, log } = module.best(x, input.a, m);
              const noise = module.noiseIn(x, input.a, estimate);
              return [estimate, noise, log].map((values) => Array.from(values));
            })()""",
            {"x": x.flatten().tolist(), "a": a, "name": name},
        )
        noise = network(x, times)
        estimate = diffusion.estimate_data(schedule, x, t, noise)
        for found, expected in zip(
            shown, (estimate, noise, network.log_density(x, times)), strict=True
        ):
            expected = expected.flatten().numpy()
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_walk_without_chance_agrees_with_the_package(javascript: Any) -> None:
    means, deviation = mixture_in(javascript, "ring")
    schedule = diffusion.cosine()
    network = MixtureDenoiser(schedule.alpha_bar, means, deviation)
    moments = list(
        diffusion.walk(network, schedule, (6, 2), steps=7, eta=0, clip=None, seed=4)
    )
    shown = javascript(
        MODULE,
        """module.walk(Float64Array.from(input.x), Float64Array.from(input.a),
          module.mixtureOf("ring", []), 7, 0).map(({ t, x }) => [t, Array.from(x)])""",
        {"x": moments[0].x.flatten().tolist(), "a": schedule.alpha_bar.tolist()},
    )
    assert [t for t, _ in shown] == [moment.t for moment in moments]
    for (_, x), moment in zip(shown, moments, strict=True):
        np.testing.assert_allclose(x, moment.x.flatten().numpy(), rtol=1e-3, atol=1e-3)


def test_ancestral_step_has_mean_and_variance_of_the_posterior(javascript: Any) -> None:
    """With fresh noise 0 and 1 the walk reports its mean and mean plus deviation."""
    schedule, x = diffusion.cosine(), [0.3, -1.1]
    ends = [
        javascript(
            MODULE,
            """module.walk(Float64Array.from(input.x), Float64Array.from(input.a),
              { means: [0.5, -0.5], d: 2, deviation: 1e-9 }, 1000, 1,
              () => [input.z, input.z])[1].x""",
            {"x": x, "a": schedule.alpha_bar.tolist(), "z": z},
        )
        for z in (0, 1)
    ]
    x_t, x_0 = torch.tensor([x]).double(), torch.tensor([[0.5, -0.5]]).double()
    mean, variance = diffusion.posterior(schedule, x_t, x_0, 1000)
    low, high = (torch.tensor(end).double() for end in ends)
    torch.testing.assert_close(low, mean[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        high - low, variance.sqrt().expand(1, 2)[0], rtol=1e-5, atol=1e-6
    )


def test_few_steps_miss_and_many_arrive(javascript: Any) -> None:
    shares = javascript(
        MODULE,
        """input.map((steps) => {
          const m = module.mixtureOf("ring", []), a = module.alphaBar("cosine");
          const start = module.normals(800, module.uniform(11));
          const moments = module.walk(start, a, m, steps, 0);
          return module.near(moments[steps].x, m);
        })""",
        [1, 3, 50],
    )
    assert shares[0] < 0.05  # one step ends at the mean of all data
    assert shares[0] < shares[1] < 0.8
    assert shares[2] > 0.95


def test_draws_are_those_of_the_mixture(javascript: Any) -> None:
    share, far = javascript(
        MODULE,
        """(() => {
          const m = module.mixtureOf("spiral", []);
          const x = module.draw(4000, m, module.uniform(1));
          return [module.near(x, m), module.toNearest(x, m)];
        })()""",
        None,
    )
    # Rayleigh: 1 - exp(-4.5) within three deviations, if no other spot is near.
    assert share > 1 - np.exp(-4.5) - 0.01
    assert 0.04 < far < 0.081


def test_digits_arrive_as_they_were(javascript: Any) -> None:
    widget = DiffusionTime(DIGITS, data="digits")
    shown = javascript(MODULE, "Array.from(module.decode(input))", widget.digits)
    expected = DIGITS.flatten().double() / 127.5 - 1
    np.testing.assert_allclose(shown, expected.numpy(), atol=1e-9)


@pytest.mark.parametrize(
    "digits",
    [
        DIGITS.float(),
        DIGITS[:, :14],
        DIGITS[:0],
        DIGITS.repeat(21, 1, 1),
        [[0] * 784],
    ],
)
def test_bad_digits_are_named(digits: Any) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(K, 28, 28\)"):
        DiffusionTime(digits)


def test_digits_must_be_there_to_be_shown() -> None:
    with pytest.raises(traitlets.TraitError, match="no digits came"):
        DiffusionTime(data="digits")
    widget = DiffusionTime()
    with pytest.raises(traitlets.TraitError, match="no digits came"):
        widget.data = "digits"
    assert widget.data == "ring"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": "cats"}, "cats"),
        ({"schedule": "square"}, "square"),
        ({"shift": 7.0}, "shift"),
        ({"shift": float("nan")}, "shift must be finite, got nan"),
        ({"eta": float("nan")}, "eta must be finite"),
        ({"time": 1001}, "time"),
        ({"steps": 0}, "steps"),
    ],
)
def test_bad_values_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        DiffusionTime(**values)


def test_page_is_self_contained() -> None:
    widget = DiffusionTime(DIGITS)
    assert re.findall(r"https?://", widget.to_html()) == []
    assert module_source(MODULE).count("export default") == 1
    assert "time 300 of 1000" in widget.describe()
