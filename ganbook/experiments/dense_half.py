"""The dense GAN on the half batches of the convolutional one: equal steps."""

from ganbook.experiments import conv_gan, vanilla_gan
from ganbook.experiments.digits import LATENTS, all_digits
from ganbook.experiments.experiment import Experiment, Result, Setting


def play(setting: Setting, seed: int) -> Result:
    """Train the dense networks as :func:`ganbook.experiments.conv_gan.play` would."""
    trainer = vanilla_gan.new_trainer(
        all_digits(),
        seed=seed,
        latent_dim=100,
        label_smoothing=0.0,
        **conv_gan.BASE | dict(setting),
    )
    return conv_gan.finish(trainer, seed)


DENSE_HALF = Experiment(
    name="dense-half",
    description="The dense GAN, step for step beside the convolutional one",
    configuration={
        "networks": "DenseGenerator, DenseDiscriminator",
        "images": "60,000 training digits of MNIST",
        "measured_against": "10,000 test digits of MNIST",
        "steps": conv_gan.STEPS,
        "samples": conv_gan.SAMPLES,
        "samples_seed": LATENTS,
        "averaged_over_last_steps": conv_gan.LAST,
        **conv_gan.BASE,
    },
    settings=[{}],
    run=play,
    seconds=80,
    references=conv_gan.references,
)
