"""What trainers of every kind share: steps to iterate, states that must fit."""

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

from torch import Tensor, nn

StepT = TypeVar("StepT", covariant=True)


class Steppable(Protocol[StepT]):
    """What plays one step at a time and can be resumed."""

    def step(self) -> StepT:
        """Play one step."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on as if nothing had happened."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""


class Steps(Generic[StepT]):
    """The next steps of a trainer, played one by one as they are asked for."""

    def __init__(self, trainer: Steppable[StepT], count: int) -> None:
        self._trainer, self._count = trainer, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StepT]:
        for _ in range(self._count):
            yield self._trainer.step()


def check_kind(
    ours: dict[str, Any], theirs: dict[str, Any], kind: str = "trainer"
) -> None:
    """Compare what a state holds with what one of ours does.

    It may hold less: what an earlier version did not write yet. An augmentation of
    another kind is no obstacle.

    Raises:
        ValueError: If it is of another kind of trainer, or source of batches.
    """
    if strange := theirs.keys() - ours.keys() - {"augmentation"}:
        raise ValueError(
            f"the state is of another kind of {kind}: it holds "
            + ", ".join(sorted(strange))
        )
    if "batches" in theirs:
        check_kind(ours["batches"], theirs["batches"], "source of batches")


def check_fits(network: nn.Module, state: dict[str, Tensor], name: str) -> None:
    """Compare the names and shapes of a network's weights with those of a state.

    Raises:
        ValueError: If they differ; it names the first that does.
    """
    ours = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    theirs = {key: tuple(value.shape) for key, value in state.items()}
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            raise ValueError(
                f"the state is of another {name}: {key} has shape {theirs.get(key)}, "
                f"expected {ours.get(key)}"
            )
