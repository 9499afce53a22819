"""A rival: the GANs of Deng (2024), listings A.1 and A.2, on TensorFlow.

Runs in an environment of its own, as a process that is told through its input how
many steps to train and answers with the seconds. A step is the listing's: half batches
of 32 for the discriminator in two calls, the generated one from ``predict``, then a
batch of 64 for the generator. Left out, in its favor: progress bars, and the distance
every 100 steps.

The listing is written for Keras 2: there, a discriminator that is frozen after
``compile`` goes on learning by itself. That it does is checked before the first answer.
"""

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

LATENT_DIM, BATCH = 100, 64


def dense_players(keras):
    """Return generator and discriminator of listing A.1."""
    layers = keras.layers
    generator = keras.Sequential([keras.Input((LATENT_DIM,))])
    for width in (256, 512, 1024):
        generator.add(layers.Dense(width))
        generator.add(layers.LeakyReLU(0.2))
        generator.add(layers.BatchNormalization(momentum=0.8))
    generator.add(layers.Dense(28 * 28, activation="tanh"))
    generator.add(layers.Reshape((28, 28, 1)))

    discriminator = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten()])
    for width in (512, 256):
        discriminator.add(layers.Dense(width))
        discriminator.add(layers.LeakyReLU(0.2))
        discriminator.add(layers.Dropout(0.25))
    discriminator.add(layers.Dense(1, activation="sigmoid"))
    return generator, discriminator


def conv_players(keras):
    """Return generator and discriminator of listing A.2."""
    layers = keras.layers
    generator = keras.Sequential([keras.Input((LATENT_DIM,))])
    generator.add(layers.Dense(7 * 7 * 128))
    generator.add(layers.LeakyReLU(0.2))
    generator.add(layers.Reshape((7, 7, 128)))
    generator.add(layers.BatchNormalization(momentum=0.8))
    for maps in (128, 64):
        generator.add(layers.Conv2DTranspose(maps, 4, strides=2, padding="same"))
        generator.add(layers.LeakyReLU(0.2))
        generator.add(layers.BatchNormalization(momentum=0.8))
    generator.add(layers.Conv2D(1, 7, activation="tanh", padding="same"))

    discriminator = keras.Sequential([keras.Input((28, 28, 1))])
    for maps in (64, 128):
        discriminator.add(layers.Conv2D(maps, 3, strides=2, padding="same"))
        discriminator.add(layers.LeakyReLU(0.2))
        discriminator.add(layers.Dropout(0.25))
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1, activation="sigmoid"))
    return generator, discriminator


def build(keras, listing):
    """Return generator, discriminator, and the generator's training model."""
    adam = keras.optimizers.Adam
    players = {"dense": dense_players, "conv": conv_players}[listing]
    generator, discriminator = players(keras)
    discriminator.compile(
        loss="binary_crossentropy", optimizer=adam(2e-4, 0.5), metrics=["accuracy"]
    )
    discriminator.trainable = False
    z = keras.Input((LATENT_DIM,))
    both = keras.Model(z, discriminator(generator(z)))
    both.compile(loss="binary_crossentropy", optimizer=adam(2e-4, 0.5))
    return generator, discriminator, both


def step(np, images, generator, discriminator, both):
    """Train one step; what the listing calls an epoch."""
    half = BATCH // 2
    real = images[np.random.randint(0, len(images), half)]
    fake = generator.predict(np.random.normal(0, 1, (half, LATENT_DIM)), verbose=0)
    on_real = discriminator.train_on_batch(real, np.ones((half, 1)))
    on_fake = discriminator.train_on_batch(fake, np.zeros((half, 1)))
    noise = np.random.normal(0, 1, (BATCH, LATENT_DIM))
    return 0.5 * np.add(on_real, on_fake), both.train_on_batch(
        noise, np.ones((BATCH, 1))
    )


def main():
    """Answer with versions, then to each line (a number of steps) with seconds."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # read when TensorFlow is imported
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import numpy as np
    import tensorflow as tf
    from tensorflow import keras

    file = Path(sys.argv[1], "MNIST", "raw", "train-images-idx3-ubyte")
    pixels = np.frombuffer(file.read_bytes(), np.uint8, offset=16)
    images = (pixels.reshape(-1, 28, 28, 1) - 127.5) / 127.5
    game = build(keras, sys.argv[2])
    before = game[1].get_weights()[0].copy()
    step(np, images, *game)
    if np.array_equal(before, game[1].get_weights()[0]):
        sys.exit(f"the discriminator does not learn in {keras.__name__}")
    versions = {"tensorflow": tf.__version__, "tf-keras": version("tf-keras")}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            step(np, images, *game)
        print(json.dumps(time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
