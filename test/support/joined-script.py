"""A script as people have them, in the layout of PyTorch and without it: parameters are [out, in], and it joins with the same five lines."""

import sys

import numpy as np

import concordat_trainer as concordat

sys.path.insert(0, sys.argv[1])
import train as example  # The numpy example, for reading records.


class Tensor:
    """As much of a torch tensor as the joining lines touch."""

    def __init__(self, array):
        self.array = np.array(array, dtype=np.float32)
        self.data = self

    shape = property(lambda self: self.data.array.shape)

    def new_tensor(self, array):
        return Tensor(array)

    def detach(self):
        return self.data

    def cpu(self):
        return self

    def numpy(self):
        return self.array


class Linear:
    def __init__(self, inputs, outputs):
        self.weight = Tensor(np.zeros((outputs, inputs)))
        self.bias = Tensor(np.zeros(outputs))


class Network:
    def __init__(self, *sizes):
        self.layers = [Linear(a, b) for a, b in zip(sizes, sizes[1:])]

    def parameters(self):
        for layer in self.layers:
            yield layer.weight
            yield layer.bias


def train(model, images, truth, batches, rate):
    for batch in batches:
        values = [images[batch]]
        for i, layer in enumerate(model.layers):
            out = values[-1] @ layer.weight.data.array.T + layer.bias.data.array
            values.append(np.maximum(out, 0) if i + 1 < len(model.layers) else out)
        out = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
        slope = (out / out.sum(axis=1, keepdims=True) - truth[batch]) / np.float32(len(batch))
        for i in reversed(range(len(model.layers))):
            layer = model.layers[i]
            below = slope @ layer.weight.data.array
            layer.weight.data.array -= rate * (slope.T @ values[i])
            layer.bias.data.array -= rate * slope.sum(axis=0)
            slope = below * (values[i] > 0)


def fit(task):
    images, labels = example.read_images(task.data)
    classes = list(task.weights.values())[-1].shape[0]
    hidden = [array.shape[0] for array in task.weights.values() if array.ndim == 1]
    model = Network(images.shape[1], *hidden)
    training, _ = task.split(len(images))
    concordat.load_parameters(model, task.weights)
    train(model, images, np.eye(classes, dtype=np.float32)[labels], task.batches(training), np.float32(task.learning_rate))
    return concordat.parameters_of(model, task.weights), len(training)


concordat.serve(fit, name="a script in the layout of torch")
