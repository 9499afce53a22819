"""What was measured at each step."""

from collections.abc import Iterator, Mapping


class History(Mapping[str, list[float]]):
    """A column of numbers for each measured quantity, one entry a step.

    Example:
        >>> history = History()
        >>> history.append({"loss": 0.7})
        >>> history["loss"]
        [0.7]
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[float]] = {}

    def append(self, row: Mapping[str, float]) -> None:
        """Add one step.

        Raises:
            ValueError: If the row's names differ from those of earlier rows.
        """
        if not self._columns:
            self._columns = {name: [] for name in row}
        if row.keys() != self._columns.keys():
            raise ValueError(f"a row of {set(row)} among rows of {set(self._columns)}")
        for name, value in row.items():
            self._columns[name].append(value)

    def __getitem__(self, name: str) -> list[float]:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def state_dict(self) -> dict[str, list[float]]:
        """Return a copy of all columns."""
        return {name: list(values) for name, values in self._columns.items()}

    def load_state_dict(self, state: Mapping[str, list[float]]) -> None:
        """Replace all columns."""
        self._columns = {name: list(values) for name, values in state.items()}
