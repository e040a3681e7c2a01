"""Take part in Concordat's rounds from Python. One file; numpy and the standard library, nothing else.

    import concordat_trainer as concordat

    def fit(task):
        weights, examples = my_training(task.weights, task.data)   # name -> float32 array, in and out
        return weights, examples

    concordat.serve(fit)

The participant's client launches this script (`trainer: {launch: ["python3", "train.py"]}` in participant.yaml), or the script attaches
to it (`trainer: {attach: DIRECTORY}`, and `serve(fit, attach=DIRECTORY)` here). It gets each task with its model and the path of the records,
and gives trained weights back. It never gets keys, and nothing it says leaves the machine but the masked update.

The protocol is proto/concordat/v1/trainer.proto: messages of protobuf, each with its length in front, over a Unix socket. The few
messages are written and read here by hand. License: Apache-2.0.
"""

import hashlib
import json
import math
import os
import select
import socket
import struct
import sys
import time
import traceback

import numpy as np

__all__ = ["Cancelled", "Refused", "Task", "load_parameters", "parameters_of", "seeded_order", "serve"]

VERSION = 1
MESSAGE_BYTES_MAX = 524_288
CHUNK_BYTES = 245_760
MODEL_BYTES_MAX = 2**31


class Refused(Exception):
    """Raise it in `fit` or `evaluate` for a task that this trainer does not do, saying why."""


class Cancelled(Exception):
    """Raised by `Task.progress` when the result is of no use any more. Let it pass."""


class Task:
    """One task, with what the plan says of it.

    work              "fit" or "evaluate"
    topology          the tfjs LayersModel, as parsed JSON
    weights           name -> float32 array, in the plan's order, yours to change
    loss, optimizer, learning_rate, batch_size, epochs, steps
                      as in the plan; one of epochs and steps is above 0
    round, seed       seed differs by run, round and participant
    data              path of the records, as the participant configured it
    deadline          time.monotonic() after which the result is of no use, or None
    """

    def __init__(self, connection, fields):
        self._connection = connection
        self.id = _integer(fields, 1)
        self.capability = _bytes(fields, 2)
        self.work = {1: "fit", 2: "evaluate"}[_integer(fields, 3)]
        self.topology = None
        self.weights = {}
        self.loss = _text(fields, 6)
        self.optimizer = _text(fields, 7)
        self.learning_rate = _double(fields, 8)
        self.batch_size = _integer(fields, 9)
        self.epochs = _integer(fields, 10)
        self.steps = _integer(fields, 11)
        self.round = _integer(fields, 12)
        self.seed = _text(fields, 13)
        self.participant = _text(fields, 14)
        self.holdout_fraction = _double(fields, 15)
        left = _integer(fields, 16)
        self.deadline = time.monotonic() + left / 1000 if left else None
        self.data = _text(fields, 17)

    def progress(self, step, steps, **metrics):
        """Say that `step` of `steps` batches are done. Call it at least every few seconds: a trainer that says nothing for long is ended.

        Raises Cancelled when the result is of no use any more.
        """
        self._connection.progress(self, step, steps, metrics)

    def split(self, examples):
        """Indices to train on, and indices that are never trained on: the same in every round, and the same as the client's own trainer."""
        fraction = self.holdout_fraction
        kept = 0 if fraction == 0 else max(1, math.floor(examples * fraction + 0.5))
        if kept >= examples and fraction < 1:
            raise Refused(f"the holdout leaves nothing to train on: {examples} examples")
        order = seeded_order(examples, f"holdout/{self.participant}")
        return order[kept:], order[:kept]

    def batches(self, training):
        """The batches of this task: arrays of indices, in the very order of the client's own trainer. Reports progress."""
        per_pass = math.ceil(len(training) / self.batch_size)
        steps = self.steps or self.epochs * per_pass
        for step in range(steps):
            batch = step % per_pass
            if batch == 0:
                order = training[seeded_order(len(training), f"train/{self.seed}/{step // per_pass}")]
            if step % 20 == 0:
                self.progress(step, steps)
            yield order[batch * self.batch_size : (batch + 1) * self.batch_size]


def serve(fit, evaluate=None, name=None, kernels=None, attach=None):
    """Do the tasks of a participant's client until it leaves.

    fit(task)        -> (weights, examples): name -> array, under the names and in the shapes of task.weights; how many examples were used
    evaluate(task)   -> (metrics, examples): name -> number, e.g. {"loss": 0.3, "accuracy": 0.9}; without it nothing is measured
    name, kernels    what trains and what computes, for people
    attach           directory of `trainer.attach`; needed only where the client does not launch this script
    """
    name = name or f"numpy {np.__version__}"
    kernels = kernels or "cpu"
    descriptor = os.environ.pop("CONCORDAT_TRAINER_DESCRIPTOR", None)
    if descriptor is not None:
        with socket.socket(fileno=int(descriptor)) as launched:
            _Connection(launched).converse(b"", name, kernels, fit, evaluate)
        return
    if attach is None:
        sys.exit(
            "Nobody launched this trainer, and it attaches to nobody.\n"
            'Name it in participant.yaml (trainer: {launch: ["python3", "%s"]}), or give attach=DIRECTORY.' % sys.argv[0]
        )
    _attach(os.fspath(attach), name, kernels, fit, evaluate)


def _attach(directory, name, kernels, fit, evaluate):
    pause = 0.5
    while True:
        began = time.monotonic()
        try:
            with open(os.path.join(directory, "trainer.token"), encoding="ascii") as file:
                token = bytes.fromhex(file.read().strip())
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attached:
                attached.connect(os.path.join(directory, "trainer.sock"))
                _Connection(attached).converse(token, name, kernels, fit, evaluate)
            why = "the client is gone"
        except (OSError, ValueError) as error:
            why = str(error)
        pause = 0.5 if time.monotonic() - began > 60 else min(30, 2 * pause)
        print(f"Not attached at {directory}: {why}. Trying again in {pause:.0f} s.", file=sys.stderr, flush=True)
        time.sleep(pause)


class _Gone(Exception):
    """The client closed the connection."""


class _Connection:
    def __init__(self, connected):
        self._socket = connected
        self._cancelled = set()

    def converse(self, capability, name, kernels, fit, evaluate):
        try:
            self._send(1, _varint_field(1, VERSION) + _bytes_field(2, capability) + _text_field(3, name) + _text_field(4, kernels))
            while True:
                task = self._next_task()
                self._do(task, fit, evaluate)
        except (_Gone, BrokenPipeError, ConnectionResetError):
            return

    def _do(self, task, fit, evaluate):
        key = _varint_field(1, task.id) + _bytes_field(2, task.capability)
        try:
            if task.work == "fit":
                weights, examples = fit(task)
                self._send_result(key, examples, {}, _write_safetensors(weights))
            else:
                metrics, examples = ({}, 0) if evaluate is None else evaluate(task)
                self._send_result(key, examples, metrics, [])
        except Refused as error:
            self._send(5, key + _text_field(3, "refused") + _text_field(4, str(error)[:1000]))
        except Cancelled:
            self._send(5, key + _text_field(3, "cancelled"))
        except (_Gone, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # A task that fails is told; the next may not.
            traceback.print_exc()
            self._send(5, key + _text_field(3, "failed") + _text_field(4, f"{type(error).__name__}: {error}"[:1000]))

    def progress(self, task, step, steps, metrics):
        self._send(
            2,
            _varint_field(1, task.id)
            + _bytes_field(2, task.capability)
            + _varint_field(3, int(step))
            + _varint_field(4, int(steps))
            + _metrics_field(5, metrics),
        )
        while select.select([self._socket], [], [], 0)[0]:
            self._note(*self._receive())
        if task.id in self._cancelled:
            raise Cancelled()

    def _send_result(self, key, examples, metrics, parts):
        size = sum(len(part) for part in parts)
        self._send(3, key + _varint_field(3, int(examples)) + _metrics_field(4, metrics) + _varint_field(5, size))
        offset = 0
        for part in parts:
            for at in range(0, len(part), CHUNK_BYTES):
                data = bytes(part[at : at + CHUNK_BYTES])
                self._send(4, key + _varint_field(3, 2) + _varint_field(4, offset) + _bytes_field(5, data))
                offset += len(data)

    def _next_task(self):
        """The next task, once its chunks are there."""
        while True:
            kind, fields = self._receive()
            if kind != 1:
                self._note(kind, fields)
                continue
            task = Task(self, fields)
            topology = self._part(task, 1, _integer(fields, 4))
            weights = self._part(task, 2, _integer(fields, 5))
            task.topology = json.loads(bytes(topology).decode("utf-8"))
            task.weights = _read_safetensors(weights)
            return task

    def _part(self, task, part, size):
        if size > MODEL_BYTES_MAX:
            raise ValueError("a model longer than 2 GiB")
        whole = bytearray(size)
        at = 0
        while at < size:
            kind, fields = self._receive()
            if kind != 2:
                self._note(kind, fields)
                continue
            data = _bytes(fields, 5)
            if _integer(fields, 1) != task.id or _integer(fields, 3) != part or _integer(fields, 4) != at or at + len(data) > size:
                raise ValueError("a chunk out of its order")
            whole[at : at + len(data)] = data
            at += len(data)
        return whole

    def _note(self, kind, fields):
        """A cancellation is remembered: its task may be under way, or over."""
        if kind == 3:
            self._cancelled = {_integer(fields, 1)}

    def _send(self, number, body):
        message = _bytes_field(number, body, always=True)
        self._socket.sendall(struct.pack("<I", len(message)) + message)

    def _receive(self):
        """Which message came, and its fields."""
        (length,) = struct.unpack("<I", self._exactly(4))
        if not 1 <= length <= MESSAGE_BYTES_MAX:
            raise ValueError("a message of an impossible length")
        for number, values in _fields(self._exactly(length)).items():
            return number, _fields(values[-1])
        raise ValueError("an empty message")

    def _exactly(self, length):
        whole = bytearray(length)
        view = memoryview(whole)
        at = 0
        while at < length:
            received = self._socket.recv_into(view[at:])
            if received == 0:
                raise _Gone()
            at += received
        return bytes(whole)


# Orders and splits, as the client's own trainer draws them (client-sdk/src/data/seeded-order.ts).


def seeded_order(count, seed):
    """Indices 0 … count − 1 in the order that `seed` fixes: Fisher–Yates over a SHA-256 stream."""
    order = list(range(count))
    draws = _draws(seed)
    for i in range(count - 1, 0, -1):
        j = int(next(draws) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def _draws(seed):
    block = 0
    while True:
        digest = hashlib.sha256(f"concordat/draws\0{block}\0{seed}".encode("utf-8")).digest()
        for value in struct.unpack(">8I", digest):
            yield value / 2**32
        block += 1


# PyTorch keeps the kernel of a layer the other way round than the plan's models do. Nothing of it is imported here.


def load_parameters(module, weights):
    """Put a task's weights into a module, parameter by parameter: dense [in, out] as [out, in], convolutions HWIO as OIHW."""
    parameters = list(module.parameters())
    if len(parameters) != len(weights):
        raise Refused(f"the plan's model has {len(weights)} tensors, this module has {len(parameters)} parameters")
    for parameter, (name, array) in zip(parameters, weights.items()):
        turned = _turn(array, to_module=True)
        if tuple(parameter.shape) != turned.shape:
            raise Refused(f"{name} is {list(turned.shape)} in the plan, {list(parameter.shape)} in this module")
        parameter.data = parameter.data.new_tensor(turned)


def parameters_of(module, weights):
    """The module's parameters under the names and in the shapes of a task's weights: what `fit` gives back."""
    arrays = [parameter.detach().cpu().numpy() for parameter in module.parameters()]
    return {name: _turn(array, to_module=False) for name, array in zip(weights, arrays)}


def _turn(array, to_module):
    if array.ndim == 2:
        array = array.T
    elif array.ndim == 4:
        array = array.transpose((3, 2, 0, 1) if to_module else (2, 3, 1, 0))
    return np.ascontiguousarray(array, dtype=np.float32)


# safetensors, float32.


def _read_safetensors(buffer):
    """name -> array, in the order of their data, which is the plan's. Views into the buffer."""
    (header_bytes,) = struct.unpack_from("<Q", buffer)
    if header_bytes > len(buffer) - 8:
        raise ValueError("not a safetensors file")
    header = json.loads(bytes(buffer[8 : 8 + header_bytes]).decode("utf-8"))
    start = 8 + header_bytes
    weights = {}
    header.pop("__metadata__", None)
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        if entry["dtype"] != "F32" or not 0 <= begin <= end <= len(buffer) - start:
            raise ValueError(f"{name} is no float32 tensor of this file")
        values = np.frombuffer(buffer, dtype="<f4", count=(end - begin) // 4, offset=start + begin)
        weights[name] = values.reshape(entry["shape"])
    return weights


def _write_safetensors(weights):
    """The file in parts, so that there is no second copy of a large model."""
    header = {}
    arrays = []
    at = 0
    for name, array in weights.items():
        array = np.ascontiguousarray(array, dtype="<f4")
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        arrays.append(memoryview(array).cast("B") if array.nbytes else b"")
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)) + text, *arrays]


# protobuf: varints, doubles, bytes.


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint_field(number, value):
    if value < 0:
        raise ValueError("a count below 0")
    return b"" if value == 0 else _varint(number << 3) + _varint(value)


def _bytes_field(number, value, always=False):
    return b"" if len(value) == 0 and not always else _varint(number << 3 | 2) + _varint(len(value)) + value


def _text_field(number, value):
    return _bytes_field(number, value.encode("utf-8", "replace"))


def _metrics_field(number, metrics):
    entries = [_text_field(1, name) + _varint(2 << 3 | 1) + struct.pack("<d", float(value)) for name, value in metrics.items()]
    return b"".join(_bytes_field(number, entry) for entry in entries)


def _fields(message):
    """number -> values, as they were written."""
    found = {}
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _read_varint(message, at)
        elif kind == 1:
            value, at = message[at : at + 8], at + 8
        elif kind == 2:
            length, at = _read_varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind == 5:
            value, at = message[at : at + 4], at + 4
        else:
            raise ValueError("an unknown wire type")
        if at > len(message):
            raise ValueError("a field leaves its message")
        found.setdefault(key >> 3, []).append(value)
    return found


def _read_varint(message, at):
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("a message ends inside a number")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number longer than ten bytes")


def _integer(fields, number):
    return fields.get(number, [0])[-1]


def _bytes(fields, number):
    return fields.get(number, [b""])[-1]


def _text(fields, number):
    return _bytes(fields, number).decode("utf-8")


def _double(fields, number):
    value = fields.get(number)
    return 0.0 if value is None else struct.unpack("<d", value[-1])[0]
