"""Makes the files of Keras that the tests import, next to it: needs keras (3.15.1 made them) and h5py.

Value i of weight k is ((7 i + 13 k) mod 23 - 11) / 16, so that the tests know it too.
"""
from pathlib import Path

import keras
import numpy

here = Path(__file__).parent
layers = keras.layers


def filled(model):
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([
        (((7 * numpy.arange(numpy.prod(shape)) + 13 * k) % 23 - 11) / 16).reshape(shape).astype("float32")
        for k, shape in enumerate(shapes)
    ])
    return model


images = filled(keras.Sequential([
    keras.Input((4, 4, 1)),
    layers.Conv2D(2, 3, activation="relu", name="look"),
    layers.BatchNormalization(name="norm"),
    layers.Flatten(name="flatten"),
    layers.Dense(3, activation="softmax", name="decide"),
]))
images.save_weights(here / "images.weights.h5")
images.save(here / "images.h5")

texts = filled(keras.Sequential([
    keras.Input((5,)),
    layers.Embedding(6, 3, name="words"),
    layers.GRU(2, reset_after=False, name="read"),
    layers.Dense(2, name="say"),
]))
texts.save_weights(here / "texts.weights.h5")
