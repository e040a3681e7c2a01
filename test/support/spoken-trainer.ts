import { readFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, fromHex } from '@concordat/core';
import {
  decodeToTrainer,
  encodeFromTrainer,
  type FromTrainer,
  type ToTrainer,
  type TrainerTaskFrame,
  type TrainerTaskKey,
} from '@concordat/proto';

/** A task as a trainer has it once its chunks are there. */
export interface GivenTask extends TrainerTaskKey {
  readonly frame: TrainerTaskFrame;
  readonly topology: object;
  readonly weights: ReturnType<typeof decodeSafetensors>;
}

/** The trainer's end of the protocol, for tests that say what is true, and what is not. */
export class SpokenTrainer {
  readonly socket: Socket;
  readonly #messages: ToTrainer[] = [];
  #held = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  over = false;
  onCancel: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.over = true;
      this.#wake();
    });
  }

  /** On the descriptor of a launched trainer. */
  static launched(): SpokenTrainer {
    return new SpokenTrainer(new Socket({ fd: Number(process.env.CONCORDAT_TRAINER_DESCRIPTOR) }));
  }

  /** To the socket in a directory. */
  static attach(directory: string): SpokenTrainer {
    return new SpokenTrainer(connect(join(directory, 'trainer.sock')));
  }

  say(message: FromTrainer): void {
    if (!this.over) this.socket.write(encodeFromTrainer(message));
  }

  raw(bytes: Uint8Array): void {
    if (!this.over) this.socket.write(bytes);
  }

  hello(capability: Uint8Array = new Uint8Array(0), version = 1): void {
    this.say({ type: 'hello', version, capability, name: 'spoken 1', kernels: 'a test' });
  }

  /** @returns undefined when the connection is over. */
  async heard(): Promise<ToTrainer | undefined> {
    while (this.#messages.length === 0) {
      if (this.over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift();
  }

  /** The next task, whole; cancellations on the way are passed over. */
  async task(): Promise<GivenTask | undefined> {
    let frame: TrainerTaskFrame | undefined;
    const parts = { topology: [] as Uint8Array[], weights: [] as Uint8Array[] };
    for (;;) {
      const message = await this.heard();
      if (message === undefined) return undefined;
      if (message.type === 'cancel') this.onCancel();
      if (message.type === 'task') frame = message;
      if (message.type === 'chunk') parts[message.part].push(message.data);
      const weights = Buffer.concat(parts.weights);
      if (frame === undefined || weights.length < frame.weightsBytes) continue;
      const { id: task, capability } = frame;
      const topology = JSON.parse(Buffer.concat(parts.topology).toString('utf8')) as object;
      return { task, capability, frame, topology, weights: decodeSafetensors(weights) };
    }
  }

  /** Answer with every weight raised. */
  raise({ task, capability, frame, weights }: GivenTask, amount = 1, examples = 10): void {
    if (frame.work === 'evaluate') {
      const metrics = [{ name: 'accuracy', value: 0.5 }];
      this.say({ type: 'result', task, capability, examples: 5, metrics, weightsBytes: 0 });
      return;
    }
    const raised = weights.map((tensor) => ({ ...tensor, values: tensor.values.map((value) => value + amount) }));
    this.give({ task, capability }, encodeSafetensors(raised), examples);
  }

  /** Answer with these bytes for weights. */
  give(key: TrainerTaskKey, bytes: Uint8Array, examples = 10): void {
    this.say({ type: 'result', ...key, examples, metrics: [], weightsBytes: bytes.length });
    for (let offset = 0; offset < bytes.length; offset += 200_000) {
      this.say({ type: 'chunk', ...key, part: 'weights', offset, data: bytes.subarray(offset, offset + 200_000) });
    }
  }

  #take(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= 4) {
      const length = this.#held.readUInt32LE(0);
      if (this.#held.length < 4 + length) return;
      this.#messages.push(decodeToTrainer(this.#held.subarray(4, 4 + length)));
      this.#held = this.#held.subarray(4 + length);
      this.#wake();
    }
  }
}

/** What the client wrote for those who may attach. */
export function tokenIn(directory: string): Uint8Array {
  return fromHex(readFileSync(join(directory, 'trainer.token'), 'utf8').trim());
}
