"""Time contenders in turns, so that a slow moment of the machine slows all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, NamedTuple

#: Does the work that many times and returns the seconds it took.
Play = Callable[[int], float]


class Ratio(NamedTuple):
    """How many times longer than a baseline: median and quartiles of all pairs."""

    median: float
    low: float
    high: float


@dataclass
class Race:
    """Times of several contenders at the same work.

    Attributes:
        name: Of the benchmark, and of its file.
        compares: What is compared, and on what terms.
        unit: What one piece of work is.
        milliseconds: Of one piece of work, one entry a round, by contender.
        baselines: The contenders that the times of all others are divided by.
        notes: Whatever else must be known, such as the versions of rivals.
    """

    name: str
    compares: str
    unit: str
    milliseconds: dict[str, list[float]]
    baselines: Sequence[str]
    notes: dict[str, Any] = field(default_factory=dict)

    def ratio(self, contender: str, baseline: str) -> Ratio:
        """Return one's time over another's, from pairs of the same round.

        Raises:
            KeyError: If there is no such contender.
        """
        times = self.milliseconds[contender], self.milliseconds[baseline]
        ratios = [longer / shorter for longer, shorter in zip(*times, strict=True)]
        if len(ratios) == 1:
            return Ratio(*ratios * 3)
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return Ratio(median(ratios), low, high)

    def others(self) -> list[str]:
        """Return the contenders that are no baseline."""
        return [name for name in self.milliseconds if name not in self.baselines]

    def table(self) -> str:
        """Return medians, and the ratio of each other to each baseline, as text."""
        width = max(map(len, self.milliseconds))
        head = f"{'':<{width}}  {'ms/' + self.unit:>10}"
        lines = [head + "".join(f"  {'/ ' + name:>22}" for name in self.baselines)]
        for name, values in self.milliseconds.items():
            baselines = self.baselines if name in self.others() else ()
            ratios = [self.ratio(name, baseline) for baseline in baselines]
            cells = "".join(f"  {_show(ratio):>22}" for ratio in ratios)
            lines.append(f"{name:<{width}}  {median(values):>10.1f}{cells}")
        return "\n".join(lines)


def take_turns(
    contenders: dict[str, Play], *, rounds: int, count: int
) -> dict[str, list[float]]:
    """Let each contender do its work once a round; another one begins each round.

    Args:
        contenders: What to time, by name.
        rounds: How many times each is timed.
        count: Pieces of work at a time.

    Returns:
        Milliseconds of one piece of work, one entry a round.

    Raises:
        ValueError: If there is nothing to do.
    """
    if rounds < 1 or count < 1 or not contenders:
        raise ValueError(
            f"expected a contender, a round and a piece of work, got "
            f"{len(contenders)}, {rounds} and {count}"
        )
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    for i in range(rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(1000 * contenders[name](count) / count)
    return found


def _show(ratio: Ratio) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
