"""All experiments, by name. A new one is a line here."""

from ganbook.experiments import vanilla_gan

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        vanilla_gan.KNOBS,
        vanilla_gan.FULL,
    )
}
