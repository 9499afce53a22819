"""The small classifier of digits that metrics look through, and how much it decides.

Seed 0 is the one that ships: it is written to ``ganbook/weights``.
The others tell how far a number moves when the judge is trained anew.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganbook import data, metrics, weights
from ganbook.experiments import one_cycle
from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.networks import LeNet

EPOCHS, BATCH, RATE, DECAY = 8, 100, 3e-3, 0.01


def train(images: Tensor, labels: Tensor, *, seed: int, epochs: int = EPOCHS) -> LeNet:
    """Train the classifier; the seed decides its first weights and the order.

    AdamW, with one cycle of the learning rate: up to 3e-3 and down to almost nothing.
    The digits are shown as they are: shifted copies would teach the features not to
    see shifts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LeNet()
    draws = torch.Generator().manual_seed(seed)
    one_cycle.train(
        network,
        len(images),
        lambda batch: cross_entropy(network(images[batch]), labels[batch]),
        draws,
        epochs=epochs,
        batch_size=BATCH,
        rate=RATE,
        decay=DECAY,
    )
    return network


def play(setting: Setting, seed: int) -> Result:
    """Train with one seed; measure accuracy, and real digits against real digits."""
    images, labels = data.mnist(verbose=False)
    test = data.mnist("test", verbose=False)
    if len(images) < 60_000:
        raise FileNotFoundError(f"expected 60,000 training digits, got {len(images):,}")
    network = half_precision(train(images, labels, seed=seed))
    if seed == 0:
        weights.save(network, "lenet")
    return Result(measure(network, images, test))


@torch.no_grad()
def measure(network: LeNet, train_images: Tensor, test: data.Digits) -> dict:
    """Measure a judge: its accuracy, and the floors of what it judges by."""

    def lenet(images: Tensor) -> Tensor:
        return torch.cat([network.features(part) for part in images.split(1000)])

    right = network.head(lenet(test.images)).argmax(1) == test.labels
    # The test file is in no random order: its second half is the easier one to read.
    draws = torch.Generator().manual_seed(0)
    real, others = (
        images[torch.randperm(len(images), generator=draws)[:10_000]]
        for images in (train_images, test.images)
    )
    found = {"errors": int((~right).sum()), "accuracy": right.double().mean().item()}
    for n in (1_000, 2_500, 5_000, 10_000):
        distance = metrics.fd(real[:n], others[:n], features=lenet)
        found[f"fd_lenet_{n}"] = distance.value
    pr = metrics.precision_recall(lenet(real), lenet(others))
    names = ("precision", "recall", "density", "coverage")
    return found | {name: getattr(pr, name) for name in names}


def half_precision(network: LeNet) -> LeNet:
    """Round the weights to what the file holds, so that it is what was measured."""
    rounded = {name: v.half().float() for name, v in network.state_dict().items()}
    network.load_state_dict(rounded)
    return network


LENET = Experiment(
    name="lenet",
    description="The classifier of digits whose features the metrics use",
    configuration={
        "network": "LeNet",
        "images": "60,000 training digits of MNIST",
        "measured_on": "10,000 test digits of MNIST",
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "learning_rate": RATE,
        "weight_decay": DECAY,
        "weights": "half precision",
    },
    settings=[{}],
    run=play,
    seconds=180,
)
