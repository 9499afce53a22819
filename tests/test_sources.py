"""The page on the sources quotes recorded runs: its numbers must be theirs."""

import json
import re
from statistics import fmean

from tools.address import ROOT

PAGE = (ROOT / "book" / "sources.md").read_text()
RECORDED = ROOT / "book" / "recorded"


def knob(metric: str, **setting: object) -> float:
    """The mean over seeds of what was measured at one setting."""
    runs = json.loads((RECORDED / "vanilla-gan-knobs" / "results.json").read_text())
    found = [run for run in runs["runs"] if run["setting"] == setting]
    assert len(found) == 3, "the page says three seeds"
    return fmean(run["metrics"][metric] for run in found)


def row(claim: str) -> str:
    """The row of a claim."""
    (found,) = [row for row in PAGE.split("\n* - ") if row.startswith(claim)]
    return found


def test_recorded_numbers_about_judging() -> None:
    loss, accuracy = row("A falling error"), row("The discriminator's accuracy")
    for setting in ({}, {"latent_dim": 2}):
        assert f"{knob('generator_loss', **setting):.3f}" in loss
        assert f"{knob('fd_pixels', **setting):.1f}" in loss
        assert f"{knob('fake_accuracy', **setting):.0%}"[:-1] + " %" in accuracy
    fast = {"betas": [0.9, 0.999]}
    assert f"FD(pixels) is {knob('fd_pixels', **fast):.0f}." in accuracy
    for kind in ("real_accuracy", "fake_accuracy"):
        assert f"{knob(kind, **fast):.2f}" == "0.99"


def test_recorded_numbers_about_training() -> None:
    knobs, speed = row("GANs are highly"), row("If one player")
    base = f"{knob('fd_pixels'):.1f}"
    assert f"between {knob('fd_pixels', learning_rates=[1e-3, 1e-3]):.1f}" in knobs
    assert f"and {knob('fd_pixels', betas=[0.9, 0.999]):.0f}." in knobs
    assert f"({knob('fd_pixels', batch_size=16):.1f} against {base})" in knobs
    assert f"({knob('fd_pixels', label_smoothing=0.1):.1f})" in knobs
    assert f"to {knob('discriminator_loss', betas=[0.9, 0.999]):.2f} and" in speed
    ahead = knob("fd_pixels", learning_rates=[2e-4, 8e-4])
    assert f"({ahead:.1f} against {base})" in speed
    assert f"({knob('fd_pixels', learning_rates=[8e-4, 2e-4]):.1f})" in speed


def test_real_against_real() -> None:
    claim = row("A distance below 10")
    for name, key, count in (
        ("vanilla-gan-full", "fd_pixels_real_10000_10000", "10,000 images"),
        ("vanilla-gan-knobs", "fd_pixels_real_2500_2500", "2,500"),
    ):
        recorded = json.loads((RECORDED / name / "results.json").read_text())
        assert f"{recorded['references'][key]:.1f} with {count}" in claim


def test_verdicts_are_counted() -> None:
    said = {"Confirmed": 21, "With conditions": 25, "Not confirmed": 16}
    for verdict, number in said.items():
        found = re.findall(rf"^  - \*\*{verdict}", PAGE, re.MULTILINE)
        assert len(found) == number, verdict
    assert "sixty-two claims, twenty-one are confirmed, twenty-five" in PAGE
    assert "and sixteen are not confirmed" in PAGE
