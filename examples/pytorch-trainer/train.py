"""A PyTorch script that trained by itself, and joins Concordat's rounds with five lines more.

    trainer: {launch: ["python3", "train.py"]}

concordat_trainer.py lies beside this file, or its directory is in PYTHONPATH.
The plan's model is the tfjs twin of `network()`: `{inputs: 784, hidden: [200, 200], classes: 10}`.
"""

import os
import sys

import numpy as np
import torch
from torch import nn

import concordat_trainer as concordat  # 1


def network():
    return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))


def read_images(directory):
    with open(os.path.join(directory, "images.idx3-ubyte"), "rb") as file:
        images = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 784).astype(np.float32) / 255
    with open(os.path.join(directory, "labels.idx1-ubyte"), "rb") as file:
        labels = np.frombuffer(file.read()[8:], np.uint8).astype(np.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


def train(model, images, labels, batches, learning_rate):
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    loss = nn.CrossEntropyLoss()
    for batch in batches:
        optimizer.zero_grad()
        loss(model(images[batch]), labels[batch]).backward()
        optimizer.step()


def fit(task):
    model = network()
    images, labels = read_images(task.data)
    training, _ = task.split(len(images))
    concordat.load_parameters(model, task.weights)  # 2
    train(model, images, labels, task.batches(training), task.learning_rate)  # 3: the batches of the plan, and progress
    return concordat.parameters_of(model, task.weights), len(training)  # 4


if __name__ == "__main__":
    attach = sys.argv[1] if len(sys.argv) > 1 else None
    concordat.serve(fit, name=f"torch {torch.__version__}", attach=attach)  # 5
