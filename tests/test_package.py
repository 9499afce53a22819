import os
import subprocess
import sys

import pytest

import ganbook
from ganbook import budget


def run_python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_import_has_no_side_effects():
    loaded = run_python(
        "import sys; import ganbook; print(*(m for m in sys.modules if m in "
        "('torch', 'numpy', 'matplotlib', 'accelerate', 'IPython', 'mlxtend')))"
    )
    assert loaded == []


def test_parts_draw_nothing_seed_nothing_and_load_no_data():
    state = "import torch, matplotlib; a = torch.get_rng_state(), "
    state += "dict(matplotlib.rcParams)\n"
    parts = "from ganbook import data, losses, metrics, networks, training, viz\n"
    check = "import sys; b = torch.get_rng_state(), dict(matplotlib.rcParams)\n"
    check += "print((a[0] == b[0]).all().item(), a[1] == b[1], "
    check += "'mlxtend' in sys.modules)"
    assert run_python(state + parts + check) == ["True", "True", "False"]


def test_parts_are_listed_and_load_on_use():
    assert {"data", "losses", "training", "widgets"} <= set(dir(ganbook))
    assert ganbook.losses.non_saturating().generator
    with pytest.raises(AttributeError, match="no attribute 'loses'"):
        _ = ganbook.loses


@pytest.mark.parametrize(
    ("value", "expected"), [("smoke", 1), ("book", 2), ("full", 3), ("", 2)]
)
def test_budget(monkeypatch, value, expected):
    monkeypatch.setenv("GANBOOK_BUDGET", value)
    assert budget.choose(smoke=1, book=2, full=3) == expected


def test_unknown_budget(monkeypatch):
    monkeypatch.setenv("GANBOOK_BUDGET", "huge")
    with pytest.raises(ValueError, match="'huge'; expected one of smoke, book, full"):
        budget.choose(smoke=1, book=2, full=3)
