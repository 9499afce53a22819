import pickle
import sys
from copy import deepcopy
from math import inf, nan
from types import SimpleNamespace

import pytest
import torch
from safetensors import SafetensorError
from torch import nn

from ganbook import augmentation, losses, regularizers, training
from ganbook.networks import DenseDiscriminator, DenseGenerator
from ganbook.training.batches import TensorBatches
from ganbook.training.game import frozen
from ganbook.training.randomness import RandomState

SHAPE = (1, 4, 4)
IMAGES = torch.rand(40, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1


def new_trainer(images=IMAGES, widths=(8,), **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = DenseGenerator(4, widths, SHAPE)
        discriminator = DenseDiscriminator(SHAPE, (8,))
    options = {"batch_size": 8, "precision": "fp32"} | options
    return training.Trainer(generator, discriminator, images, **options)


def weights(trainer):
    networks = trainer.generator, trainer.discriminator, trainer.ema.network
    return [w.clone() for net in networks for w in net.state_dict().values()]


def assert_same(trainer, other):
    for ours, theirs in zip(weights(trainer), weights(other), strict=True):
        assert torch.equal(ours, theirs)
    assert dict(trainer.history) == dict(other.history)


def play(trainer, count):
    return [step.number for step in trainer.steps(count)]


def test_steps_are_played_as_they_are_asked_for():
    trainer = new_trainer()
    steps = trainer.steps(10)
    assert len(steps) == 10
    assert trainer.steps_played == 0
    for step in steps:
        if step.number == 3:
            break
    assert trainer.steps_played == 3
    assert play(trainer, 2) == [4, 5]
    assert len(trainer.history["generator_loss"]) == 5


def test_a_step_is_the_textbook_step():
    """The step written out with plain PyTorch gives the same weights."""
    trainer = new_trainer(ema_decay=0.5)
    g, d = deepcopy(trainer.generator), deepcopy(trainer.discriminator)
    g_adam = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999))
    d_adam = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999))
    real = next(deepcopy(trainer.batches))
    z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))

    step = trainer.step()
    with torch.random.fork_rng():
        torch.manual_seed(0)  # for dropout
        fake = g(z)
        bce, one, zero = nn.BCELoss(), torch.ones(8, 1), torch.zeros(8, 1)
        d_loss = bce(d(real).sigmoid(), one) + bce(d(fake.detach()).sigmoid(), zero)
        d_loss.backward()
        d_adam.step()
        d.requires_grad_(False)
        g_loss = bce(d(fake).sigmoid(), one)
        g_loss.backward()
        g_adam.step()
    assert step.discriminator_loss == pytest.approx(d_loss.item(), rel=1e-5)
    assert step.generator_loss == pytest.approx(g_loss.item(), rel=1e-5)
    for ours, theirs in ((trainer.generator, g), (trainer.discriminator, d)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-7)
            clear = b.grad.abs() > 1e-4  # Adam's first step magnifies rounding
            torch.testing.assert_close(a[clear], b[clear], rtol=1e-5, atol=1e-6)
            assert a.requires_grad


def counting(batches, seen):
    """Let a test see which real batches were drawn."""

    class Counting:
        def __next__(self):
            seen.append(next(batches))
            return seen[-1]

    return Counting()


def test_a_regularizer_adds_to_the_loss_of_the_discriminator():
    rule = regularizers.r1(50.0)
    plain, held = new_trainer(), new_trainer(regularizer=rule)
    for trainer in (plain, held):
        trainer.discriminator.eval()  # no dropout
    before, real = deepcopy(plain.discriminator), next(deepcopy(plain.batches))
    first, second = plain.step(), held.step()
    assert first.discriminator_loss == second.discriminator_loss  # without penalty
    rule(before, real, real).backward()
    for theirs, ours, penalty in zip(
        *(d.parameters() for d in (plain.discriminator, held.discriminator, before)),
        strict=True,
    ):
        expected = theirs.grad if penalty.grad is None else theirs.grad + penalty.grad
        torch.testing.assert_close(ours.grad, expected)
    assert next(before.parameters()).grad.abs().max() > 1e-2


def test_lazy_regularization_has_the_same_total_weight():
    calls = []

    def penalty(discriminator, real, fake):
        calls.append(len(real))
        assert real.dtype == fake.dtype == torch.float32
        return (
            discriminator(real).square().mean() * 0
            + next(discriminator.parameters()).sum()
        )

    trainer = new_trainer(
        regularizer=penalty, regularize_every=4, precision="bf16", batch_size=5
    )
    plain = new_trainer(precision="bf16", batch_size=5)
    for number in range(1, 9):
        trainer.step()
        plain.step()
        if number == 1:
            ours, theirs = (
                next(t.discriminator.parameters()).grad for t in (trainer, plain)
            )
            # The slope of a sum is 1 each; rounding is bf16's.
            torch.testing.assert_close(ours - theirs, torch.full_like(ours, 4.0))
    assert calls == [5, 5]


def test_more_moves_of_the_discriminator_see_fresh_batches():
    seen = []
    trainer = new_trainer(discriminator_steps=3)
    trainer.batches = counting(trainer.batches, seen)
    latents = []
    trainer.generator.register_forward_pre_hook(lambda _, z: latents.append(z[0]))
    before = deepcopy(trainer.discriminator.state_dict())
    trainer.step()
    assert len(seen) == len(latents) == 3
    assert not torch.equal(seen[0], seen[1]) and not torch.equal(*latents[:2])
    moments = trainer._players["discriminator"].state_dict()["state"][0]
    assert moments["step"] == 3
    assert trainer._players["generator"].state_dict()["state"][0]["step"] == 1
    assert trainer.steps_played == len(trainer.history["generator_loss"]) == 1
    after = trainer.discriminator.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_the_discriminator_sees_everything_augmented_and_the_generator_learns():
    """An augmentation that hides half of each image: no gradient reaches it."""
    seen = []

    def hide(images, random):
        seen.append((len(images), images.requires_grad))
        keep = torch.zeros_like(images)
        keep[..., :2] = 1
        return images * keep

    trainer = new_trainer(augment=hide)
    looked_at = []
    trainer.discriminator.register_forward_pre_hook(
        lambda _, x: looked_at.append(x[0].detach())
    )
    trainer.step()
    # real and generated in its own move, generated in the generator's
    assert seen == [(8, False), (8, False), (8, True)]
    assert len(looked_at) == 3
    assert all((images[..., 2:] == 0).all() for images in looked_at)
    last = trainer.generator.layers[-3]
    slope = last.bias.grad.view(SHAPE)
    assert (slope[..., 2:] == 0).all() and (slope[..., :2] != 0).any()


def test_real_and_generated_images_have_the_same_digits_when_augmented():
    seen = []

    def look(images, random):
        seen.append(images.dtype)
        return images

    new_trainer(augment=look, precision="bf16").step()
    assert seen == [torch.float32] * 3


RULES = {
    "regularizer": regularizers.gradient_penalty(),
    "regularize_every": 2,
    "discriminator_steps": 2,
    "augment": augmentation.chain(augmentation.translation(0.25), probability=0.8),
    "loss": losses.wasserstein(),
}


@pytest.mark.parametrize("at", [0, 3, 4])
def test_resumes_bit_for_bit_with_all_rules(tmp_path, at):
    whole = new_trainer(**RULES)
    play(whole, 8)
    first, second = new_trainer(**RULES), new_trainer(seed=9, **RULES)
    play(first, at)
    training.save_checkpoint(first, tmp_path / "last.safetensors")
    play(second, 2)
    training.load_checkpoint(second, tmp_path / "last.safetensors")
    play(second, 8 - at)
    assert_same(whole, second)


def test_an_adaptive_augmentation_goes_on_where_it_was(tmp_path):
    def adapting(**options):
        change = augmentation.brightness(1.0)
        augment = augmentation.Adaptive(change, target=0.0, images=80)
        return new_trainer(augment=augment, **options)

    def play(trainer, count):
        for step in trainer.steps(count):
            trainer.augment.adapt(step.real_accuracy, 8)

    whole, first, second = adapting(), adapting(), adapting(seed=9)
    play(whole, 8)
    play(first, 5)
    training.save_checkpoint(first, tmp_path / "last.safetensors")
    training.load_checkpoint(second, tmp_path / "last.safetensors")
    play(second, 3)
    assert_same(whole, second)
    assert whole.augment.state_dict() == second.augment.state_dict()
    old = whole.state_dict()
    del old["augmentation"]  # as checkpoints were written before
    second.load_state_dict(old)


def test_a_spectrally_normalized_discriminator_plays_and_resumes(tmp_path):
    def trainer():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            generator = DenseGenerator(4, (8,), SHAPE)
            discriminator = DenseDiscriminator(SHAPE, (8,))
            regularizers.spectral_norm(discriminator)
        return training.Trainer(
            generator,
            discriminator,
            IMAGES,
            batch_size=8,
            precision="fp32",
            regularizer=regularizers.r1(),
            learning_rates=(1e-2, 1e-2),
        )

    whole, first, second = trainer(), trainer(), trainer()
    play(whole, 30)
    play(first, 12)
    training.save_checkpoint(first, tmp_path / "last.safetensors")
    training.load_checkpoint(second, tmp_path / "last.safetensors")
    play(second, 18)
    assert_same(whole, second)
    whole.discriminator.eval()
    assert regularizers.slopes(whole.discriminator, IMAGES).max() < 1.5


def test_a_game_in_the_plane():
    points = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)) * 0.1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = DenseGenerator(2, (16,), (2,))
        discriminator = DenseDiscriminator((2,), (16,), dropout=0)
    trainer = training.Trainer(
        generator,
        discriminator,
        points,
        batch_size=25,
        precision="fp32",
        **{name: value for name, value in RULES.items() if name != "augment"},
    )
    play(trainer, 3)
    assert trainer.sample(7, seed=0).shape == (7, 2)


def test_it_learns():
    """Images of one constant: the generator's mean gets there."""
    trainer = new_trainer(torch.full((64, *SHAPE), 0.5), learning_rates=(5e-3, 5e-3))
    before = (trainer.sample(100, seed=1, average=False) - 0.5).abs().mean()
    play(trainer, 400)
    after = (trainer.sample(100, seed=1) - 0.5).abs().mean()
    assert after < 0.6 * before


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_same_seed_same_run_and_other_seed_other_run(precision):
    first, second = (new_trainer(precision=precision, seed=3) for _ in range(2))
    other = new_trainer(precision=precision, seed=4)
    for trainer in (first, second, other):
        play(trainer, 5)
    assert_same(first, second)
    assert not torch.equal(weights(first)[0], weights(other)[0])


def test_the_global_random_state_is_neither_used_nor_changed():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = new_trainer()
    play(first, 3)
    assert torch.equal(torch.get_rng_state(), before)
    second = new_trainer()
    for _ in second.steps(3):
        torch.rand(7)  # somebody else draws
    assert_same(first, second)


def test_devices_of_others_are_not_seeded(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    RandomState(5, torch.device("cpu"))
    assert not seeded


def test_random_states_of_the_first_checkpoints():
    """They were numbered."""
    first, second = new_trainer(), new_trainer(seed=9)
    play(first, 3)
    state = deepcopy(first.state_dict())
    state["dropout_random"] = {"0": state["dropout_random"]["cpu"]}
    second.load_state_dict(state)
    assert first.step() == second.step()


@pytest.mark.parametrize("at", [0, 3, 5, 7])  # 5 batches an epoch
def test_resumes_bit_for_bit(tmp_path, at):
    whole = new_trainer()
    play(whole, 12)
    first, second = new_trainer(), new_trainer(seed=9)
    play(first, at)
    training.save_checkpoint(first, tmp_path / "run" / "last.safetensors")
    play(second, 2)  # what it did before is forgotten
    training.load_checkpoint(second, tmp_path / "run" / "last.safetensors")
    play(second, 12 - at)
    assert_same(whole, second)
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize("error", [OSError, SafetensorError])
def test_a_failing_write_leaves_the_last_checkpoint(tmp_path, monkeypatch, error):
    path = tmp_path / "last.safetensors"
    trainer = new_trainer()
    play(trainer, 2)
    training.save_checkpoint(trainer, path)
    good = path.read_bytes()

    def fill_the_disk(tensors, where, metadata):
        where.write_bytes(b"half")
        raise error("no space left on device")

    monkeypatch.setattr(training.checkpoint, "save_file", fill_the_disk)
    with pytest.raises(OSError, match="no space"):
        training.save_checkpoint(trainer, path)
    assert path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [path]


def test_bad_checkpoints_leave_the_trainer_alone(tmp_path):
    trainer, path = new_trainer(), tmp_path / "last.safetensors"
    play(trainer, 2)
    before = weights(trainer)
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        training.load_checkpoint(trainer, path)
    training.save_checkpoint(trainer, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut short"):
        training.load_checkpoint(trainer, path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="cut short"):
        training.load_checkpoint(trainer, path)
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="format None; expected 'ganbook"):
        training.load_checkpoint(trainer, path)
    training.save_checkpoint(new_trainer(widths=(9,)), path)
    with pytest.raises(ValueError, match="another generator"):
        training.load_checkpoint(trainer, path)
    training.save_checkpoint(new_trainer(IMAGES[:20]), path)
    with pytest.raises(ValueError, match="images = 20, not 40"):
        training.load_checkpoint(trainer, path)
    rows = training.AugmentedBatches(new_trainer().batches, augmentation.flip(), seed=0)
    training.save_checkpoint(new_trainer(rows), path)
    with pytest.raises(ValueError, match="kind of source of batches: it holds batches"):
        training.load_checkpoint(trainer, path)
    training.save_checkpoint(new_tied(), path)
    with pytest.raises(ValueError, match="another kind of trainer: it holds network"):
        training.load_checkpoint(trainer, path)
    for ours, theirs in zip(weights(trainer), before, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("explode", "message"),
    [
        (lambda real, _: real.mean() + inf, "loss is inf at step 1; .* Try a lower"),
        (lambda real, _: (0 * real).sum().sqrt(), "gradient norm is nan at step 1"),
    ],
)
def test_divergence_stops_before_the_update(explode, message):
    """Also where the slopes are finite, and where only they are not."""
    trainer = new_trainer(loss=losses.Loss(explode, losses.minimax().generator))
    before = weights(trainer)
    with pytest.raises(training.DivergenceError, match=f"discriminator's {message}"):
        trainer.step()
    for ours, theirs in zip(weights(trainer)[9:], before[9:], strict=True):
        assert torch.equal(ours, theirs)  # the discriminator's, and the average


@pytest.mark.parametrize(
    "error",
    [
        training.DivergenceError("generator", "loss", nan, 7),
        training.ProcessLostError(0, 2),
    ],
)
def test_errors_pass_from_process_to_process(error):
    """As they must in a pool of runs."""
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error) and str(other) == str(error)


def test_a_checkpoint_leaves_rates_and_decays_to_the_trainer(tmp_path):
    """So that a run that diverged can go on more slowly."""
    fast = new_trainer()
    play(fast, 2)
    training.save_checkpoint(fast, tmp_path / "last.safetensors")
    slow = new_trainer(learning_rates=(1e-5, 0.0), betas=(0.0, 0.9))
    training.load_checkpoint(slow, tmp_path / "last.safetensors")
    before = deepcopy(slow.discriminator.state_dict())
    play(slow, 1)
    after = slow.discriminator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    generator = slow._players["generator"]
    assert generator.learning_rate == 1e-5
    assert generator.state_dict()["param_groups"][0]["betas"] == (0.0, 0.9)
    assert generator.state_dict()["state"][0]["step"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "fp8"}, "precision is 'fp8'"),
        ({"batch_size": 0}, "batch_size is 0; expected 1 to 40"),
        ({"generated": 7}, "generated is 7; expected at least batch_size, 8"),
        ({"batch_size": 41}, "batch_size is 41; expected 1 to 40"),
        ({"ema_decay": 1.0}, "decay is 1.0"),
        ({"images": IMAGES[0]}, r"shape \(1, 4, 4\); expected floating point"),
        ({"images": IMAGES.byte()}, "torch.uint8"),
        ({"images": IMAGES.numpy()}, "images are a ndarray; expected a float tensor"),
        ({"images": (IMAGES + 1) * 127.5}, "to 254.959; expected -1 to 1"),
        ({"images": IMAGES * nan}, "images go from nan to nan"),
        ({"regularize_every": 0}, "regularize_every is 0; expected at least 1"),
        ({"discriminator_steps": 0}, "discriminator_steps is 0; expected at least"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        new_trainer(**options)


def test_images_of_any_precision_are_taken():
    single, double = new_trainer(), new_trainer(IMAGES.double())
    for trainer in (single, double):
        play(trainer, 2)
    assert_same(single, double)


def test_an_epoch_uses_each_image_once():
    images = torch.arange(10.0).reshape(10, 1, 1, 1)
    batches = TensorBatches(images, 5, seed=0)
    epochs = [torch.cat([next(batches), next(batches)]).flatten() for _ in range(3)]
    for epoch in epochs:
        assert epoch.sort().values.tolist() == list(range(10))
    assert not torch.equal(epochs[0], epochs[1])


def test_moving_average_follows_its_equation():
    network = nn.Linear(1, 1, bias=False)
    ema = training.ExponentialMovingAverage(network, decay=0.9)
    expected = network.weight.item()
    for t in range(1, 101):
        with torch.no_grad():
            network.weight.fill_(float(t))
        ema.update(network)
        beta = min(0.9, (1 + t) / (10 + t))
        expected = beta * expected + (1 - beta) * t
    assert ema.network.weight.item() == pytest.approx(expected, rel=1e-5)
    assert not ema.network.weight.requires_grad


class Tied(nn.Module):
    """Encodes and decodes by the same weights."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = (nn.Linear(2, 2, bias=False) for _ in range(2))
        self.decode.weight = self.encode.weight

    def forward(self, points):
        return self.decode(self.encode(points))


def new_tied():
    def loss(network, batch, _):
        return (network(batch) - batch).square().mean()

    torch.manual_seed(0)
    points = torch.randn(20, 2)
    return training.Minimizer(Tied(), loss, points, batch_size=5, learning_rate=0.1)


def test_tied_weights_are_averaged_and_saved_once(tmp_path):
    trainer, other = new_tied(), new_tied()
    before = trainer.ema.network.encode.weight.clone()
    play(trainer, 1)
    expected = torch.lerp(before, trainer.network.encode.weight, 1 - 2 / 11)
    torch.testing.assert_close(trainer.ema.network.encode.weight, expected)
    training.save_checkpoint(trainer, tmp_path / "last.safetensors")
    training.load_checkpoint(other, tmp_path / "last.safetensors")
    assert other.step() == trainer.step()


def test_sampling_is_seeded_batched_and_restores_the_mode():
    generator = DenseGenerator(4, (8,), SHAPE)
    generator.layers[2].eval()  # its owner keeps it there
    z = training.latents(10, 4, seed=0)
    assert torch.equal(z, training.latents(10, 4, seed=0))
    images = training.generate(generator, z)
    torch.testing.assert_close(training.generate(generator, z, batch_size=3), images)
    assert [layer.training for layer in generator.layers[:3]] == [True, True, False]
    assert generator.training
    assert images.shape == (10, *SHAPE)
    assert not images.requires_grad and not images.is_inference()  # good for anything


def test_what_its_owner_froze_stays_frozen():
    network = DenseGenerator(4, (8,), SHAPE)
    network.layers[0].requires_grad_(False)
    with frozen(network):
        assert not any(p.requires_grad for p in network.parameters())
    assert [p.requires_grad for p in network.parameters()] == [False] * 2 + [True] * 4


def test_slerp_keeps_the_length_and_turns_steadily():
    a, b = training.latents(2, 100, seed=0).double()
    b *= a.norm() / b.norm()
    t = torch.linspace(0, 1, 5, dtype=torch.double)[:, None]
    path = training.slerp(a, b, t)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b)
    torch.testing.assert_close(path.norm(dim=-1), a.norm().expand(5))
    cosines = torch.cosine_similarity(path[1:], path[:-1])
    torch.testing.assert_close(cosines, cosines[:1].expand(4))


def test_slerp_of_parallel_vectors_is_the_line():
    a = torch.tensor([1.0, 2.0])
    assert torch.equal(training.slerp(a, a, 0.3), a)
    torch.testing.assert_close(training.slerp(a, 3 * a, 0.5), 2 * a)
    with pytest.raises(ValueError, match="of 2 and of 3 numbers"):
        training.slerp(a, torch.zeros(3), 0.5)


def test_progress_in_a_terminal(capsys):
    assert list(training.progress(range(5), label="counting")) == list(range(5))
    err = capsys.readouterr().err
    assert "counting: 100%" in err
    assert "5/5" in err


def test_progress_in_a_notebook_counts_the_step_that_was_the_last(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: handle)
    module = sys.modules["ganbook.training.progress"]
    monkeypatch.setattr(module, "_in_notebook", lambda: True)
    for number in training.progress(range(10), label="counting"):
        if number == 2:
            break
    assert shown[-1].startswith("counting: 3 steps in ")


@pytest.mark.parametrize("images", [IMAGES, TensorBatches(IMAGES, 8, seed=0)])
def test_more_may_be_generated_than_the_discriminator_sees(images):
    batch_size = 8 if images is IMAGES else 64  # of a tensor's batches alone
    trainer = new_trainer(images, generated=20, batch_size=batch_size)
    seen = []
    trainer.discriminator.register_forward_hook(lambda *a: seen.append(len(a[1][0])))
    trainer.step()
    assert seen == [8, 8, 20]  # real, generated; then what the generator learns from


def test_fewer_may_not_be_generated():
    trainer = new_trainer(TensorBatches(IMAGES, 40, seed=0), generated=20)
    with pytest.raises(ValueError, match=r"generated is 20; expected at least .* 40"):
        trainer.step()
