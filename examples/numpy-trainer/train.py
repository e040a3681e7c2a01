"""A trainer in numpy for fully connected networks, over a directory of IDX images: what the client's own trainer does, by hand.

    trainer: {launch: ["python3", "train.py"]}

concordat_trainer.py lies beside this file, or its directory is in PYTHONPATH.
"""

import os
import sys

import numpy as np

import concordat_trainer as concordat


def read_images(directory):
    """[n, rows · columns] float32 in 0 … 1, and [n] class numbers."""
    with open(os.path.join(directory, "images.idx3-ubyte"), "rb") as file:
        _, count, rows, columns = np.frombuffer(file.read(16), ">u4")
        images = np.frombuffer(file.read(), np.uint8).reshape(count, rows * columns)
    with open(os.path.join(directory, "labels.idx1-ubyte"), "rb") as file:
        file.read(8)
        labels = np.frombuffer(file.read(), np.uint8)
    return images.astype(np.float32) / np.float32(255), labels.astype(np.int64)


def layers_of(topology, weights):
    """Kernel, bias and activation of each layer of a Sequential model of Dense layers."""
    layers = []
    for layer in topology["config"]["layers"]:
        config = layer["config"]
        if layer["class_name"] == "Flatten":
            continue
        if layer["class_name"] != "Dense" or config["activation"] not in ("relu", "softmax"):
            raise concordat.Refused(f"this trainer knows Dense layers with relu and softmax, not {config['name']}")
        layers.append((config["name"] + "/kernel", config["name"] + "/bias", config["activation"]))
    if sorted(name for kernel, bias, _ in layers for name in (kernel, bias)) != sorted(weights):
        raise concordat.Refused("the weights are not those of the topology")
    return layers


def forward(layers, weights, inputs):
    """The input of each layer, and the output of the last."""
    values = [inputs]
    for kernel, bias, activation in layers:
        out = values[-1] @ weights[kernel] + weights[bias]
        if activation == "relu":
            out = np.maximum(out, 0)
        else:
            out = np.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
        values.append(out)
    return values


def step(layers, weights, inputs, truth, rate):
    """One step of gradient descent on the mean cross-entropy, in place."""
    values = forward(layers, weights, inputs)
    slope = (values[-1] - truth) / np.float32(len(inputs))
    for i in reversed(range(len(layers))):
        kernel, bias, _ = layers[i]
        below = slope @ weights[kernel].T
        weights[kernel] -= rate * (values[i].T @ slope)
        weights[bias] -= rate * slope.sum(axis=0)
        slope = below * (values[i] > 0)


def fit(task):
    if task.optimizer != "sgd" or task.loss not in ("categoricalCrossentropy", "sparseCategoricalCrossentropy"):
        raise concordat.Refused(f"this trainer knows sgd and cross-entropy, not {task.optimizer} and {task.loss}")
    images, labels = read_images(task.data)
    layers = layers_of(task.topology, task.weights)
    training, _ = task.split(len(images))
    truth = np.eye(len(task.weights[layers[-1][1]]), dtype=np.float32)[labels]
    for batch in task.batches(training):
        step(layers, task.weights, images[batch], truth[batch], np.float32(task.learning_rate))
    return task.weights, len(training)


def evaluate(task):
    images, labels = read_images(task.data)
    _, holdout = task.split(len(images))
    predicted = forward(layers_of(task.topology, task.weights), task.weights, images[holdout])[-1]
    right = predicted[np.arange(len(holdout)), labels[holdout]]
    loss = -np.log(np.clip(right, 1e-7, 1 - 1e-7)).mean()
    accuracy = (predicted.argmax(axis=1) == labels[holdout]).mean()
    return {"loss": loss, "accuracy": accuracy}, len(holdout)


if __name__ == "__main__":
    concordat.serve(fit, evaluate, attach=sys.argv[1] if len(sys.argv) > 1 else None)
