"""All experiments, by name. A new one is a line here."""

from ganbook.experiments import (
    augmenting,
    balance,
    cat_attributes,
    cat_measures,
    cat_sizes,
    conv_gan,
    dense_half,
    equal_seconds,
    failures,
    lenet,
    memorization,
    recipe,
    super_resolution,
    thesis_cats,
    vae,
    vae_likelihood,
    vanilla_gan,
)

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        lenet.LENET,
        cat_attributes.CAT_ATTRIBUTES,
        cat_measures.CATS,
        thesis_cats.CATS_THESIS,
        cat_sizes.CATS_SIZES,
        vanilla_gan.KNOBS,
        vanilla_gan.FULL,
        failures.FAILURES_IN_THE_PLANE,
        memorization.MEMORIZATION,
        conv_gan.DEPTH,
        balance.BALANCE,
        dense_half.DENSE_HALF,
        equal_seconds.EQUAL_SECONDS,
        augmenting.THESIS,
        augmenting.FEW,
        recipe.RECIPE,
        vae.ANOMALY,
        vae.COLLAPSE,
        vae_likelihood.LIKELIHOOD,
        super_resolution.SUPER_RESOLUTION,
    )
}
