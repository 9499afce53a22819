"""The classifier that tells what drawn cats look like.

Seed 0 is the one that ships, as ``ganbook/weights/cat_attributes.safetensors``. The
cats it learns from are drawn with eyes and ears of any kind, equally often, whatever
the coat: it shall look at them, and not guess them from the coat.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate, smooth_l1_loss

from ganbook import data, weights
from ganbook.data.cat_factors import draw_factors
from ganbook.experiments import one_cycle
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import CatAttributeNet

CATS, EPOCHS, BATCH, RATE, DECAY = 10_000, 8, 100, 2e-3, 0.02
HELD_OUT = 5_000
UNUSED = 10**6  # seeds from here on draw cats for this experiment only


def any_cats(count: int, *, seed: int) -> data.CatFactors:
    """Draw factors for training: what exists equally often, eyes and ears at will."""
    factors = draw_factors(count, seed=seed)
    random = torch.Generator().manual_seed(seed + 1)
    kinds = (data.cat_shares().sum((2, 3)) > 0).nonzero()
    coat, pattern = kinds[torch.randint(len(kinds), (count,), generator=random)].T
    eyes, ears = (torch.randint(n, (count,), generator=random) for n in (4, 2))
    return factors._replace(coat=coat, pattern=pattern, eyes=eyes, ears=ears)


def spoil(images: Tensor, random: torch.Generator) -> Tensor:
    """Blur, noise and shifted colors, as pictures of a generator may have them."""
    if torch.rand((), generator=random) < 0.4:
        side = int(torch.randint(28, 56, (), generator=random))
        small = interpolate(images, (side, side), mode="bilinear", antialias=True)
        images = interpolate(small, images.shape[2:], mode="bilinear")
    n = len(images)
    strength = 0.08 * torch.rand(n, 1, 1, 1, generator=random)
    color = 0.05 * torch.randn(n, 3, 1, 1, generator=random)
    gain = 1 + 0.05 * torch.randn(n, 1, 1, 1, generator=random)
    noise = torch.randn(images.shape, generator=random)
    return (images * gain + color + strength * noise).clamp(-1, 1)


def train(
    images: Tensor, factors: data.CatFactors, *, seed: int, epochs: int = EPOCHS
) -> CatAttributeNet:
    """Train the classifier; AdamW, one cycle of the learning rate."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CatAttributeNet()
    draws = torch.Generator().manual_seed(seed)

    def batch_loss(batch: Tensor) -> Tensor:
        return loss(network(spoil(images[batch], draws)), factors.take(batch))

    one_cycle.train(
        network,
        len(images),
        batch_loss,
        draws,
        epochs=epochs,
        batch_size=BATCH,
        rate=RATE,
        decay=DECAY,
    )
    return network


def loss(answers: dict[str, Tensor], factors: data.CatFactors) -> Tensor:
    """Cross-entropy of the kinds, and how far tilt and pupil are off."""
    kinds = sum(
        cross_entropy(answers[name], getattr(factors, name))
        for name in data.CAT_FACTORS
    )
    tilt = smooth_l1_loss(answers["tilt"] / 10, factors.tilt / 10)
    return kinds + tilt + smooth_l1_loss(answers["pupil"], factors.pupil)


def play(setting: Setting, seed: int) -> Result:
    """Train with one seed; measure on cats as they come, at two sizes."""
    factors = any_cats(CATS, seed=UNUSED + 10 * seed)
    network = train(data.draw_cats(factors), factors, seed=seed)
    rounded = {k: v.half().float() for k, v in network.state_dict().items()}
    network.load_state_dict(rounded)  # what the file holds is what is measured
    if seed == 0:
        weights.save(network, "cat_attributes")
    return Result(measure(network))


@torch.no_grad()
def measure(network: CatAttributeNet) -> dict:
    """Measure how often the answers are right: cats of the usual shares, held out."""
    held_out = draw_factors(HELD_OUT, seed=UNUSED + 5)
    free = any_cats(HELD_OUT, seed=UNUSED + 7)
    found = {"cats": HELD_OUT}
    for name, factors, size in (
        ("64", held_out, 64),
        ("32", held_out, 32),
        ("any_64", free, 64),
    ):
        images = data.draw_cats(factors, size=size)
        parts = [network(part) for part in images.split(500)]
        answers = {key: torch.cat([p[key] for p in parts]) for key in parts[0]}
        right = {
            key: answers[key].argmax(1) == getattr(factors, key)
            for key in data.CAT_FACTORS
        }
        found |= {f"{k}_{name}": v.double().mean().item() for k, v in right.items()}
        every = torch.stack(list(right.values())).all(0).double().mean().item()
        found[f"all_{name}"] = every
        for key in ("tilt", "pupil"):
            error = (answers[key] - getattr(factors, key)).abs().mean()
            found[f"{key}_error_{name}"] = error.item()
    return found


CAT_ATTRIBUTES = Experiment(
    name="cat-attributes",
    description="The classifier that tells what drawn cats look like",
    configuration={
        "network": "CatAttributeNet",
        "images": f"{CATS:,} cats drawn at 64x64, eyes and ears free of the coat",
        "measured_on": f"{HELD_OUT:,} other cats",
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "learning_rate": RATE,
        "weight_decay": DECAY,
        "weights": "half precision",
    },
    settings=[{}],
    run=play,
    seeds=2,
    seconds=240,
)
