"""Train a GAN of the book on all devices that a launcher gives.

``torchrun --nproc-per-node 2 -m ganbook.experiments.launch --folder runs/digits``
trains on two GPUs, or on two processes of the CPU; without ``torchrun`` it is one.
Started again with the same folder, on as many devices or others, it goes on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ganbook import data, training, viz
from ganbook.experiments import conv_gan, vanilla_gan

GAMES = {"dense": vanilla_gan, "conv": conv_gan}
CHECKPOINT, SHEET = "checkpoint.safetensors", "samples.png"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train; write a checkpoint and a sheet of samples from time to time."""
    options = _parser().parse_args(arguments)
    processes = training.Processes(timeout=options.timeout)
    digits = data.mnist(verbose=processes.is_first)
    game = GAMES[options.game]
    recipe = game.BASE | {"precision": "auto", "batch_size": options.batch_size}
    if "generated" in recipe:  # as many more as in the recipe
        share = game.BASE["generated"] / game.BASE["batch_size"]
        recipe["generated"] = round(share * options.batch_size)
    trainer = game.new_trainer(
        digits.images, seed=options.seed, accumulate=options.accumulate, **recipe
    )
    checkpoint = options.folder / CHECKPOINT
    if checkpoint.exists():
        training.load_checkpoint(trainer, checkpoint)
    left = max(options.steps - trainer.steps_played, 0)
    for step in training.progress(trainer.steps(left)):
        if step.number % options.every == 0 or step.number == options.steps:
            training.save_checkpoint(trainer, checkpoint)
            if processes.is_first:  # the others hold the same generator
                sheet = viz.montage(trainer.sample(64, seed=0), columns=16)
                Image.fromarray(sheet).save(options.folder / SHEET)
                print(
                    f"step {step.number} on {processes.count} x {processes.device}: "
                    f"losses {step.discriminator_loss:.4f}, {step.generator_loss:.4f}",
                    flush=True,
                )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torchrun --nproc-per-node N -m ganbook.experiments.launch",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--game", choices=GAMES, default="conv")
    parser.add_argument("--folder", type=Path, default=Path("_build", "runs", "launch"))
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument(
        "--batch-size", type=int, default=64, help="of all processes together"
    )
    parser.add_argument(
        "--accumulate", type=int, default=1, help="pieces of each process's share"
    )
    parser.add_argument("--every", type=int, default=500, help="steps to a checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--timeout", type=float, default=600.0, help="seconds to wait for a process"
    )
    return parser


if __name__ == "__main__":
    main()
