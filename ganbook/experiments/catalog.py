"""All experiments, by name. A new one is a line here."""

from ganbook.experiments import conv_gan, lenet, vanilla_gan

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        lenet.LENET,
        vanilla_gan.KNOBS,
        vanilla_gan.FULL,
        conv_gan.DEPTH,
    )
}
