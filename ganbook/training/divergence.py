"""What happens when a loss, or its slope, is no longer a number."""


class DivergenceError(RuntimeError):
    """A loss, or a gradient, became infinite or not a number.

    It is raised before the update that would have followed, so the networks still
    hold their last finite weights. Running statistics (of batch normalization) may
    have followed what the networks saw on the way.

    Args:
        player: Whose.
        what: What is not finite.
        value: Its value.
        step: In which step.
    """

    def __init__(self, player: str, what: str, value: float, step: int) -> None:
        super().__init__(player, what, value, step)  # what pickle makes it anew from

    def __str__(self) -> str:
        """Say what happened, and what to try."""
        player, what, value, step = self.args
        return (
            f"the {player}'s {what} is {value} at step {step}; the weights are those "
            "before this update. Try a lower learning rate, precision='fp32', or "
            "a more stable loss; resume from the last checkpoint."
        )
