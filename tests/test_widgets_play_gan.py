"""The GAN that trains in the page: its gradients, by hand, against PyTorch's."""

import re
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import pytest
import torch
import traitlets
from torch import Tensor, nn

from ganbook import instruments, losses, regularizers
from ganbook.data import grid, ring
from ganbook.widgets import PlayGan
from ganbook.widgets.play_gan import DATA, LOSSES, REGULARIZERS

PAIRS = {
    "minimax": losses.minimax(),
    "non-saturating": losses.non_saturating(),
    "least squares": losses.least_squares(),
    "hinge": losses.hinge(),
    "Wasserstein": losses.wasserstein(),
}
STRENGTH, BATCH = 0.7, 16


@pytest.fixture(scope="module")
def javascript(javascript: Callable[..., Any]) -> Callable[..., Any]:
    """Run statements that see the module as ``m``; return what they return."""
    numbers = "const numbers = (list) => Float64Array.from(list);"

    def run(body: str, value: Any = None) -> Any:
        return javascript(
            "play_gan.js", f"((m) => {{{numbers} {body}}})(module)", value
        )

    return run


def mlp(sizes: list[int], seed: int) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers[:-1]).double()


def flat(tensors: Any) -> list[float]:
    return torch.cat([t.detach().flatten() for t in tensors]).tolist()


def points(seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, 2, dtype=torch.double, generator=random)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_discriminator_gradients(javascript: Callable, regularizer: str) -> None:
    """Every loss with every rule, second derivatives included."""
    sizes, real, fake = [2, 9, 7, 1], points(0), points(1)
    mix = torch.rand(BATCH, 1, dtype=torch.double)
    d = mlp(sizes, 2)
    value = {
        "sizes": sizes,
        "weights": flat(d.parameters()),
        "real": real.flatten().tolist(),
        "fake": fake.flatten().tolist(),
        "mix": mix.flatten().tolist(),
        "rules": [
            {"loss": loss, "regularizer": regularizer, "strength": STRENGTH}
            | {"rounds": 2_000}
            for loss in LOSSES
        ],
    }
    found = javascript(
        """const net = m.network(input.sizes, numbers(input.weights));
        return input.rules.map((rules) => m.discriminatorGradient(
            net, numbers(input.real), numbers(input.fake), rules, numbers(input.mix)));
        """,
        value,
    )
    for loss, ours in zip(LOSSES, found, strict=True):
        weights = [p.detach().clone().requires_grad_() for p in d.parameters()]

        def judge(x: Tensor, weights: list[Tensor] = weights) -> Tensor:
            for layer, (w, b) in enumerate(
                zip(weights[::2], weights[1::2], strict=True)
            ):
                if regularizer == "spectral norm":
                    w = w / torch.linalg.matrix_norm(w, 2)
                x = x @ w.T + b
                if layer < 2:
                    x = nn.functional.leaky_relu(x, 0.2)
            return x

        total = PAIRS[loss].discriminator(judge(real), judge(fake))
        if regularizer == "R1":
            total = total + regularizers.r1(STRENGTH)(judge, real, fake)
        if regularizer == "gradient penalty":
            slope = regularizers.slopes(judge, torch.lerp(fake, real, mix))
            total = total + STRENGTH * (slope - 1).square().mean()
        expected = torch.autograd.grad(total, weights)
        torch.testing.assert_close(
            torch.tensor(ours, dtype=torch.double),
            torch.cat([g.flatten() for g in expected]),
            rtol=1e-7,
            atol=1e-9,
            msg=lambda message, loss=loss: f"{loss}, {regularizer}: {message}",
        )


def test_generator_gradients_and_pushes(javascript: Callable) -> None:
    sizes, z = ([2, 8, 6, 2], [2, 9, 7, 1]), points(3)
    g, d = mlp(sizes[0], 4), mlp(sizes[1], 5)
    found = javascript(
        """const [g, d] = [0, 1].map(
            (i) => m.network(input.sizes[i], numbers(input.weights[i])));
        const pass = m.forward(g, numbers(input.z));
        return input.losses.map((loss) => m.generatorGradient(g, d, pass, loss));""",
        {
            "sizes": sizes,
            "weights": [flat(net.parameters()) for net in (g, d)],
            "z": z.flatten().tolist(),
            "losses": LOSSES,
        },
    )
    for loss, ours in zip(LOSSES, found, strict=True):
        fake = g(z)
        total = PAIRS[loss].generator(d(fake))
        *expected, push = torch.autograd.grad(total, [*g.parameters(), fake])
        torch.testing.assert_close(
            torch.tensor(ours["gradient"], dtype=torch.double),
            torch.cat([slope.flatten() for slope in expected]),
        )
        torch.testing.assert_close(
            torch.tensor(ours["wish"], dtype=torch.double), -BATCH * push.flatten()
        )


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_adam(javascript: Callable, beta: float) -> None:
    gradients = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double()
    weight = torch.ones(3, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.Adam([weight], 0.01, (beta, 0.999))
    for gradient in gradients:
        weight.grad = gradient
        optimizer.step()
    ours = javascript(
        """const memory = {}, w = numbers([1, 1, 1]);
        for (const g of input.gradients) m.adam(memory, w, g, 0.01, input.beta);
        return w;""",
        {"gradients": gradients.tolist(), "beta": beta},
    )
    torch.testing.assert_close(torch.tensor(ours).double(), weight.detach())


def test_data_and_coverage_are_the_package_s(javascript: Callable) -> None:
    random = torch.Generator().manual_seed(0)
    for name, modes in (("ring of 8", ring()), ("grid of 9", grid(3))):
        samples = modes.sample(300, seed=1) * 1.05
        samples[:40] = torch.randn(40, 2, generator=random)
        found = javascript(
            """const data = m.DATA[input.name];
            return [data.centers, m.coverage(numbers(input.points), data)];""",
            {"name": name, "points": samples.flatten().tolist()},
        )
        torch.testing.assert_close(torch.tensor(found[0]).float(), modes.centers)
        expected = instruments.coverage(samples, modes.centers, 3 * modes.deviation)
        assert found[1]["modes"] == expected.modes
        assert found[1]["good"] == pytest.approx(expected.good)
    counts = javascript("return input.map((n) => m.DATA[n].centers.length)", list(DATA))
    assert counts == list(DATA.values())
    assert javascript("return Object.keys(m.LOSSES)") == list(LOSSES)


RULES = {
    "strength": 0.1,
    "rounds": 1,
    "rateG": 1e-3,
    "rateD": 1e-3,
    "moves": 1,
    "momentum": 0.5,
}
PLAY = """const game = m.newGame({ data: "ring of 8", seed: input.seed });
for (let i = 0; i < input.steps; i += 1) game.step(input.rules);
const out = m.forward(game.g, game.shown.z).output;
return { ...m.coverage(out, m.DATA["ring of 8"]), out, broken: game.broken };"""


def test_it_learns_the_ring_and_loses_it_to_a_faster_generator(
    javascript: Callable,
) -> None:
    rules = RULES | {"loss": "non-saturating", "regularizer": "R1"}
    value = {"seed": 1, "steps": 1500, "rules": rules}
    learned = javascript(PLAY, value)
    assert learned["modes"] == 8
    assert learned["good"] > 0.5
    rules = rules | {"regularizer": "none", "rateG": 1e-2, "rateD": 1e-4}
    assert javascript(PLAY, value | {"rules": rules, "steps": 400})["modes"] <= 2


def test_every_game_plays_and_repeats(javascript: Callable) -> None:
    games = [
        {"loss": loss, "regularizer": regularizer} | RULES | {"moves": 2}
        for loss, regularizer in product(LOSSES, REGULARIZERS)
    ]
    play = "return input.map((input) => [0, 0].map(() => {" + PLAY + "}));"
    cases = [{"seed": 3, "steps": 8, "rules": rules} for rules in games]
    for (first, second), rules in zip(javascript(play, cases), games, strict=True):
        assert first == second, rules
        assert not first["broken"] and len(set(first["out"])) == 512


def test_traits_and_description() -> None:
    widget = PlayGan(data="spiral", regularizer="R1", rate_g=3e-3)
    text = re.sub(r"<[^>]+>", "", widget.describe())
    assert "Data: spiral" in text and "held by R1" in text and "0.003" in text
    with pytest.raises(traitlets.TraitError):
        PlayGan(rate_d=0.5)
