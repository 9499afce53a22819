"""Three failures in the plane, each provoked on purpose, against one repair at a time.

What is measured of a game: how many modes its samples cover and how many samples are
any good, at the end and on the way; how far the samples move between two looks; the
generator's slope at the first step; and what a step costs.
"""

from typing import Any

from ganbook.experiments import plane
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.training import DivergenceError

#: What provokes each failure, as options of the trainer.
FAILURES: dict[str, dict[str, Any]] = {
    # The generator outruns the discriminator.
    "collapse": {
        "modes": "grid",
        "steps": 1_200,
        "loss": "non_saturating",
        "learning_rates": [1e-3, 1e-4],
        "betas": [0.5, 0.999],
    },
    # Samples far from the data, a discriminator trained beforehand and fast.
    "defeat": {
        "modes": "ring",
        "steps": 800,
        "loss": "minimax",
        "learning_rates": [1e-4, 5e-3],
        "betas": [0.5, 0.999],
        "offset": 4.0,
        "head_start": 600,
    },
    # Momentum in a game that turns.
    "oscillation": {
        "modes": "ring",
        "steps": 1_200,
        "loss": "non_saturating",
        "learning_rates": [1e-3, 1e-3],
        "betas": [0.9, 0.999],
    },
}

#: What each repair changes in a failing game.
REPAIRS: dict[str, dict[str, Any]] = {
    "none": {},
    "minimax": {"loss": "minimax"},
    "non-saturating": {"loss": "non_saturating"},
    "least squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "Wasserstein, gradient penalty": {
        "loss": "wasserstein",
        "gradient_penalty": 10.0,
        "discriminator_steps": 5,
    },
    "gradient penalty": {"gradient_penalty": 1.0},
    "R1": {"r1": 0.1},
    "spectral normalization": {"spectral_norm": True},
    "two time scales": {"learning_rates": [2.5e-4, 1e-3]},
    "less momentum": {"betas": [0.0, 0.9]},
    "5 discriminator moves": {"discriminator_steps": 5},
    "minibatch deviation": {"minibatch": "deviation"},
    "minibatch discrimination": {"minibatch": "discrimination"},
    "unrolled, 5 updates": {"unroll": 5},
    "label smoothing": {"label_smoothing": 0.1},
    "noise on all images": {"noise": 0.1},
}

BASE: dict[str, Any] = {
    "batch_size": 128,
    "ema_decay": 0.995,
    "precision": "fp32",
    "points": 20_000,
}


def play(setting: Setting, seed: int) -> Result:
    """Play one failure against one repair."""
    options = BASE | FAILURES[setting["failure"]] | REPAIRS[setting["repair"]]
    steps = options.pop("steps")
    trainer = plane.new_trainer(seed, **options)
    try:
        return Result(plane.measured(trainer, plane.modes_of(options["modes"]), steps))
    except DivergenceError:
        return Result({"diverged_at": trainer.steps_played + 1})


FAILURES_IN_THE_PLANE = Experiment(
    name="failures",
    description="Three failures in the plane, against one repair at a time",
    configuration={
        "networks": f"PlaneGenerator, DenseDiscriminator, two layers of {plane.WIDTH}",
        "failures": FAILURES,
        "repairs": REPAIRS,
        "samples": plane.SAMPLES,
        "samples_seed": plane.LATENTS,
        "looks": plane.LOOKS,
        "averaged_over_last_looks": plane.LOOKS // 4,
        **BASE,
    },
    settings=[
        {"failure": failure, "repair": repair}
        for failure, options in FAILURES.items()
        for repair, change in REPAIRS.items()
        if repair == "none" or (options | change) != options
    ],
    run=play,
    seconds=6,
)
