"""The rivals of `npm run bench -- training` in Python: plain loops of PyTorch and of numpy on digits and words of noise.

    python3 training.py versions
    python3 training.py torch|numpy 2nn|cnn|gru EXAMPLES THREADS

The first prints what is installed. The second makes the network, then trains one pass of EXAMPLES in batches of ten for each line that it
reads, and prints what that cost: {"wallMillis": …, "cpuMillis": …}.
"""

import json
import os
import sys
import time

BATCH, RATE = 10, 0.01


def versions():
    found = {"python": sys.version.split()[0]}
    for name in ("torch", "numpy"):
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            pass
    return found


def torch_pass(network, examples, threads):
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    labels = torch.arange(examples) % 10
    if network == "2nn":
        inputs = torch.rand(examples, 784)
        model = nn.Sequential(
            nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10)
        )
    elif network == "cnn":
        inputs = torch.rand(examples, 1, 28, 28)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10),
        )
    else:
        inputs = torch.randint(0, 2000, (examples, 20))
        model = Text(nn, 2000)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def one_pass():
        for at in range(0, examples, BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs[at : at + BATCH]), labels[at : at + BATCH])
            loss.backward()
            optimizer.step()

    return one_pass


def Text(nn, words):
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.gru, self.output = nn.Embedding(words, 32), nn.GRU(32, 64, batch_first=True), nn.Linear(64, 10)

        def forward(self, x):
            return self.output(self.gru(self.embedding(x))[1][0])

    return Words()


def numpy_pass(network, examples, _threads):
    import numpy as np

    if network != "2nn":
        raise SystemExit("by hand there is only 2nn")
    draw = np.random.default_rng(1)
    inputs = draw.random((examples, 784), dtype=np.float32)
    truth = np.eye(10, dtype=np.float32)[np.arange(examples) % 10]
    sizes = [784, 200, 200, 10]
    kernels = [(draw.random((a, b), dtype=np.float32) - 0.5) * 2 * np.float32((6 / (a + b)) ** 0.5) for a, b in zip(sizes, sizes[1:])]
    biases = [np.zeros(size, np.float32) for size in sizes[1:]]
    rate = np.float32(RATE)

    def one_pass():
        for at in range(0, examples, BATCH):
            layers = [inputs[at : at + BATCH]]
            for kernel, bias in zip(kernels, biases):
                z = layers[-1] @ kernel + bias
                layers.append(np.maximum(z, 0) if bias is not biases[-1] else z)
            z = layers[-1]
            z -= z.max(1, keepdims=True)
            e = np.exp(z)
            slope = (e / e.sum(1, keepdims=True) - truth[at : at + BATCH]) / np.float32(len(z))
            for i in (2, 1, 0):
                kernel_slope, bias_slope = layers[i].T @ slope, slope.sum(0)
                if i > 0:
                    slope = (slope @ kernels[i].T) * (layers[i] > 0)
                kernels[i] -= rate * kernel_slope
                biases[i] -= rate * bias_slope

    return one_pass


def main(framework, network, examples, threads):
    # Before either is imported: OpenBLAS and OpenMP read these once.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = threads
    one_pass = {"torch": torch_pass, "numpy": numpy_pass}[framework](network, int(examples), int(threads))
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        one_pass()
        cost = {"wallMillis": 1000 * (time.perf_counter() - wall), "cpuMillis": 1000 * (time.process_time() - cpu)}
        print(json.dumps(cost), flush=True)


if __name__ == "__main__":
    print(json.dumps(versions())) if sys.argv[1] == "versions" else main(*sys.argv[1:])
