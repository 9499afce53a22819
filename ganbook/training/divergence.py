"""What happens when a loss is no longer a number."""


class DivergenceError(RuntimeError):
    """A loss became infinite or not a number.

    It is raised before the update that the loss would have caused, so the
    networks still hold their last finite weights.
    """

    def __init__(self, player: str, loss: float, step: int) -> None:
        super().__init__(
            f"the {player}'s loss is {loss} at step {step}; the weights are those "
            "before this update. Try a lower learning rate, precision='fp32', or "
            "a more stable loss; resume from the last checkpoint."
        )
