import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bounds, FederatedError } from '@concordat/core';
import protobuf from 'protobufjs';
import { includeDir } from './definition.js';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { scanWire } from './wire-scan.js';

/** Version of the protocol between a client and its trainer. */
export const trainerProtocolVersion = 1;

/** Which task a message is about, and what proves that its sender was given it. */
export interface TrainerTaskKey {
  readonly task: number;
  /** [32], new for each task. */
  readonly capability: Uint8Array;
}

/** One task as it is written; the chunks of topology and weights follow. */
export interface TrainerTaskFrame {
  readonly id: number;
  readonly capability: Uint8Array;
  readonly work: 'fit' | 'evaluate';
  readonly topologyBytes: number;
  readonly weightsBytes: number;
  readonly loss: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly steps: number;
  readonly round: number;
  readonly seed: string;
  readonly participant: string;
  readonly holdoutFraction: number;
  readonly deadlineMillis: number;
  readonly data: string;
}

export interface TrainerChunkFrame extends TrainerTaskKey {
  readonly part: 'topology' | 'weights';
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface TrainerMetricFrame {
  readonly name: string;
  readonly value: number;
}

/** What a client says to its trainer. */
export type ToTrainer =
  | ({ readonly type: 'task' } & TrainerTaskFrame)
  | ({ readonly type: 'chunk' } & TrainerChunkFrame)
  | ({ readonly type: 'cancel' } & TrainerTaskKey);

/** What a trainer says to its client. */
export type FromTrainer =
  | {
      readonly type: 'hello';
      readonly version: number;
      /** [32], or [0] of a launched trainer. */
      readonly capability: Uint8Array;
      readonly name: string;
      readonly kernels: string;
    }
  | ({
      readonly type: 'progress';
      readonly step: number;
      readonly steps: number;
      readonly metrics: readonly TrainerMetricFrame[];
    } & TrainerTaskKey)
  | ({
      readonly type: 'result';
      readonly examples: number;
      readonly metrics: readonly TrainerMetricFrame[];
      readonly weightsBytes: number;
    } & TrainerTaskKey)
  | ({ readonly type: 'chunk' } & TrainerChunkFrame)
  | ({ readonly type: 'failure'; readonly code: string; readonly message: string } & TrainerTaskKey);

// A root of its own: what is said to a trainer has counts of examples in it, and is no part of the wire.
const root = protobuf.parse(readFileSync(join(includeDir, 'concordat/v1/trainer.proto'), 'utf8'), {
  keepCase: false,
}).root;
root.resolveAll();
const toTrainerType = root.lookupType('concordat.v1.ToTrainer');
const fromTrainerType = root.lookupType('concordat.v1.FromTrainer');

const works = ['fit', 'evaluate'] as const;
const parts = ['topology', 'weights'] as const;

/** A message to a trainer, its length in front. */
export function encodeToTrainer(message: ToTrainer): Uint8Array {
  return framed(toTrainerType, message);
}

/** A message of a trainer, its length in front. */
export function encodeFromTrainer(message: FromTrainer): Uint8Array {
  return framed(fromTrainerType, message);
}

function framed(type: protobuf.Type, { type: name, ...rest }: ToTrainer | FromTrainer): Uint8Array {
  const body: Record<string, unknown> = { ...rest };
  if ('work' in rest) body.work = works.indexOf(rest.work) + 1;
  if ('part' in rest) body.part = parts.indexOf(rest.part) + 1;
  const bytes = type.encode(type.fromObject({ [name]: body })).finish();
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length, true);
  frame.set(bytes, 4);
  return frame;
}

/**
 * The length that stands in front of a message.
 *
 * @param head 4 bytes, little-endian.
 * @throws `malformed` for nothing, or more than a message may have.
 */
export function trainerFrameLength(head: Uint8Array): number {
  const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  if (length >= 1 && length <= bounds.trainerMessageBytesMax) return length;
  throw new FederatedError('malformed', 'a message of an impossible length', {
    detail: { rule: 'trainer.message', required: `1 to ${bounds.trainerMessageBytesMax}`, offered: length },
  });
}

/**
 * What a trainer said. Byte fields are copies.
 *
 * @param bytes one message, without its length.
 * @throws `malformed` `trainer.message` for anything that is not one message within the bounds.
 */
export function decodeFromTrainer(bytes: Uint8Array): FromTrainer {
  return named(() => {
    const message = decoded<wire.FromTrainer__Output>(fromTrainerType, bytes);
    const { hello, progress, result, chunk, failure } = message;
    if (hello) return { type: 'hello', ...helloOf(hello) };
    if (progress) {
      const { step, steps, metrics } = progress;
      const counts = { step: count(step, 'progress.step'), steps: count(steps, 'progress.steps') };
      return { type: 'progress', ...keyOf(progress), ...counts, metrics: metricsOf(metrics) };
    }
    if (result) {
      const examples = count(result.examples, 'result.examples');
      const weightsBytes = field.integer(Number(result.weightsBytes), 0, bounds.modelBytesMax, 'result.weightsBytes');
      return { type: 'result', ...keyOf(result), examples, metrics: metricsOf(result.metrics), weightsBytes };
    }
    if (chunk) return { type: 'chunk', ...chunkOf(chunk) };
    const told = field.present(failure, 'message');
    const code = field.oneOf(told.code, ['refused', 'failed', 'cancelled'], 'failure.code');
    return { type: 'failure', ...keyOf(told), code, message: field.text(told.message, 'failure.message') };
  });
}

/** What a client said to its trainer, for trainers in TypeScript. @throws as {@link decodeFromTrainer}. */
export function decodeToTrainer(bytes: Uint8Array): ToTrainer {
  return named(() => {
    const { task, chunk, cancel } = decoded<wire.ToTrainer__Output>(toTrainerType, bytes);
    if (task) return { type: 'task', ...taskOf(task) };
    if (chunk) return { type: 'chunk', ...chunkOf(chunk) };
    return { type: 'cancel', ...keyOf(field.present(cancel, 'message')) };
  });
}

function decoded<Output>(type: protobuf.Type, bytes: Uint8Array): Output {
  scanWire(type, bytes, bounds.trainerMessageBytesMax);
  return type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: Number }) as Output;
}

function named<Message>(read: () => Message): Message {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof FederatedError ? cause.message : 'it does not decode';
    throw new FederatedError('malformed', `not a message of a trainer: ${why}`, {
      detail: { ...(cause instanceof FederatedError ? cause.detail : {}), rule: 'trainer.message' },
      cause,
    });
  }
}

function keyOf(message: { readonly task: number | string; readonly capability: Uint8Array }): TrainerTaskKey {
  return { task: count(message.task, 'task'), capability: field.hashBytes(message.capability, 'capability') };
}

function helloOf(hello: wire.TrainerHello__Output) {
  return {
    version: field.integer(hello.version, 0, 2 ** 32 - 1, 'hello.version'),
    capability: field.someBytes(hello.capability, 0, 32, 'hello.capability'),
    name: field.text(hello.name, 'hello.name'),
    kernels: field.text(hello.kernels, 'hello.kernels'),
  };
}

function chunkOf(chunk: wire.TrainerChunk__Output): TrainerChunkFrame {
  return {
    ...keyOf(chunk),
    part: parts[field.oneOf(chunk.part as unknown as number, [1, 2], 'chunk.part') - 1]!,
    offset: field.integer(Number(chunk.offset), 0, bounds.modelBytesMax, 'chunk.offset'),
    data: field.someBytes(chunk.data, 1, bounds.frameBytes, 'chunk.data'),
  };
}

function taskOf(task: wire.TrainerTask__Output): TrainerTaskFrame {
  return {
    id: count(task.id, 'task.id'),
    capability: field.hashBytes(task.capability, 'task.capability'),
    work: works[field.oneOf(task.work as unknown as number, [1, 2], 'task.work') - 1]!,
    topologyBytes: field.integer(Number(task.topologyBytes), 1, bounds.modelBytesMax, 'task.topologyBytes'),
    weightsBytes: field.integer(Number(task.weightsBytes), 1, bounds.modelBytesMax, 'task.weightsBytes'),
    loss: field.text(task.loss, 'task.loss'),
    optimizer: field.text(task.optimizer, 'task.optimizer'),
    learningRate: task.learningRate as number,
    batchSize: task.batchSize,
    epochs: task.epochs,
    steps: task.steps,
    round: task.round,
    seed: field.text(task.seed, 'task.seed'),
    participant: field.text(task.participant, 'task.participant'),
    holdoutFraction: task.holdoutFraction as number,
    deadlineMillis: count(task.deadlineMillis, 'task.deadlineMillis'),
    data: field.text(task.data, 'task.data'),
  };
}

function metricsOf(metrics: readonly wire.TrainerMetric__Output[]): TrainerMetricFrame[] {
  return field.list(metrics, 0, bounds.metricsMax, 'metrics').map(({ name, value }) => {
    if (!/^[a-z][a-zA-Z0-9_-]{0,62}$/.test(name)) field.oneOf(name, ['a name'], 'metric.name');
    return { name, value: value as number };
  });
}

function count(value: number | string, name: string): number {
  return field.integer(Number(value), 0, Number.MAX_SAFE_INTEGER, name);
}
