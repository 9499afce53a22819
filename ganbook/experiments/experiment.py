"""What an experiment is: settings to compare, and a function that plays one."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: What distinguishes one setting from the others, in values that JSON can hold.
Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What one run measured.

    Attributes:
        metrics: Numbers by name, or whatever else JSON can hold. A number that is
            not finite is recorded as ``null``.
        images: uint8 pixels by name, gray ``(H, W)`` or color ``(H, W, 3)``; each
            becomes a PNG beside the numbers.
    """

    metrics: Mapping[str, Any]
    images: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """Settings, each to be played with several seeds.

    Attributes:
        name: Lower case with hyphens; also the name of the folder of its results.
        description: What it is about, in one line.
        configuration: What all its runs share. Results of one configuration are
            never continued with another.
        settings: What differs from run to run; ``{}`` is the configuration as it is.
        run: Plays one setting with one seed. It must not depend on runs before it.
        seeds: How many seeds to play where nobody asks for another number.
        seconds: A guess of what a run takes, for an estimate before the first one.
        references: Computes numbers that no run changes, such as the distance of
            real images from real images.

    Raises:
        ValueError: If the name is no such name, or two settings are the same or would
            have files of the same name.
    """

    name: str
    description: str
    configuration: Mapping[str, Any]
    settings: Sequence[Setting]
    run: Callable[[Setting, int], Result]
    seeds: int = 3
    seconds: float = 60.0
    references: Callable[[], Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(
                f"expected a name in lower case with hyphens, got {self.name!r}"
            )
        if len({key(setting) for setting in self.settings}) < len(self.settings):
            raise ValueError(f"{self.name} has the same setting twice")
        named: dict[str, Setting] = {}
        for setting in self.settings:
            other = named.setdefault(slug(label(setting)), setting)
            if other is not setting:
                raise ValueError(
                    f"{self.name}: {dict(other)} and {dict(setting)} would have files "
                    "of the same name"
                )


def key(setting: Setting) -> str:
    """Return what two settings have in common if and only if JSON sees no difference.

    Raises:
        TypeError: If the setting holds what JSON cannot hold.
    """
    return json.dumps(setting, sort_keys=True)


def label(setting: Setting) -> str:
    """Name a setting in a table, a figure or a log.

    Example:
        >>> label({"label_smoothing": 0.1}), label({})
        ('label_smoothing=0.1', 'base')
    """
    return ", ".join(f"{k}={_short(v)}" for k, v in setting.items()) or "base"


def slug(text: str) -> str:
    """Turn a label into a part of a file's name.

    Example:
        >>> slug("learning_rates=(5e-05, 0.001), shift=-1")
        'learning-rates-5e-05-0.001-shift-m1'
    """
    text = re.sub(r"(?<=[=( ])-(?=[0-9.])", "m", text.lower())
    return re.sub(r"[^a-z0-9.]+", "-", text).strip("-")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"({', '.join(_short(item) for item in value)})"
    return str(value)
