"""Weights that travel with the package."""

import pytest
import torch
from torch import nn

from ganbook import weights
from ganbook.networks import LeNet

MEGABYTE = 2**20


def test_there_are_some():
    assert "lenet" in weights.names()


@pytest.mark.parametrize("name", weights.names())
def test_they_are_small_and_have_a_card(name):
    path = weights._path(name)
    assert path.stat().st_size < 5 * MEGABYTE
    card = weights.card(name)
    assert f"`{path.name}`" in card.splitlines()[0]
    for row in ("Network", "Data", "Training", "Seed", "Hardware", "Date", "License"):
        assert f"| {row} |" in card, f"{name}.md has no row {row!r}"


def test_loaded_weights_are_frozen_and_ready():
    network = weights.load(LeNet(), "lenet")
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_what_is_saved_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_FOLDER", tmp_path)
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    path = weights.save(network, "small")
    assert [p.name for p in tmp_path.iterdir()] == [path.name] == ["small.safetensors"]
    copy = weights.load(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), "small")
    assert torch.equal(copy[0].weight, network[0].weight.half().float())
    assert weights.names() == ["small"]


def test_what_half_precision_cannot_hold_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_FOLDER", tmp_path)
    network = nn.BatchNorm1d(3)
    network.running_var[1] = 70_000
    with pytest.raises(ValueError, match="running_var holds what half precision"):
        weights.save(network, "large")
    assert not any(tmp_path.iterdir())


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no weights 'lennet'; there are .*lenet"):
        weights.load(LeNet(), "lennet")


def test_weights_of_another_network_change_nothing():
    network = LeNet(classes=7)
    before = network.head.weight.clone()
    with pytest.raises(ValueError, match=r"head.bias has shape \(10,\), expected \(7,"):
        weights.load(network, "lenet")
    assert torch.equal(network.head.weight, before)
    assert network.training


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_FOLDER", tmp_path)
    path = weights.save(nn.Linear(2, 3), "small")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"small.safetensors is damaged"):
        weights.load(nn.Linear(2, 3), "small")
