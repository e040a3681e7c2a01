import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExternalTrainer, type Trainer } from '@concordat/client-sdk';
import { bounds, encodeSafetensors, FederatedError } from '@concordat/core';
import { encodeFromTrainer, type FromTrainer } from '@concordat/proto';
import { expect } from 'chai';
import { smallNetwork, smallRequest } from '../../../support/fit-request.js';
import { hurriedClock } from '../../../support/hurried-clock.js';
import { type GivenTask, SpokenTrainer, tokenIn } from '../../../support/spoken-trainer.js';

const request = smallRequest;
const file = encodeSafetensors(smallNetwork.tensors);

/** Every message that a trainer may send about a task. */
const messages = ({ task, capability }: GivenTask): readonly FromTrainer[] => [
  { type: 'hello', version: 1, capability, name: 'spoken', kernels: 'a test' },
  { type: 'progress', task, capability, step: 1, steps: 2, metrics: [{ name: 'loss', value: 1 }] },
  { type: 'result', task, capability, examples: 3, metrics: [{ name: 'loss', value: 1 }], weightsBytes: file.length },
  { type: 'chunk', task, capability, part: 'weights', offset: 0, data: file },
  { type: 'failure', task, capability, code: 'failed', message: 'no' },
];

const named = ['malformed', 'protocol', 'verification', 'refused', 'unavailable', 'deadline'];

describe('a trainer that lies', function () {
  this.timeout(120_000);
  let directory: string;
  let trainer: Trainer;
  let spoken: SpokenTrainer[];
  let waiting: () => void = () => undefined;
  const clock = hurriedClock();
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-hostile-'));
    trainer = await createExternalTrainer({
      attach: directory,
      data: '/the/records',
      participant: 'acme',
      onStatus: ({ state }) => {
        if (state === 'waiting') waiting();
      },
      silentMillis: 60_000,
      clock,
      stopMillis: 60_000,
    });
    spoken = [];
  });
  afterEach(() => {
    for (const { socket } of spoken.splice(0)) socket.destroy();
  });
  after(async () => {
    await trainer.close();
    rmSync(directory, { recursive: true });
  });

  /** One task with a trainer that answers like this: how it ended. It always ends, and with a name. */
  async function play(
    answer: (one: SpokenTrainer, task: GivenTask) => void,
    onProgress: () => void = () => undefined,
  ): Promise<string> {
    const gone = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const fit = trainer.fit({ ...request, onProgress }).then(
      () => 'a result',
      (error: unknown) => {
        if (error instanceof FederatedError && named.includes(error.code)) return String(error.detail.rule);
        throw error;
      },
    );
    const one = SpokenTrainer.attach(directory);
    spoken.push(one);
    one.hello(tokenIn(directory));
    answer(one, (await one.task())!);
    const end = await fit;
    one.socket.destroy();
    await gone;
    return end;
  }

  const kinds = ['hello', 'progress', 'result', 'chunk', 'failure'];
  kinds.forEach((kind, k) => {
    it(`is answered by name when its ${kind} is cut at any byte and the stream ends there`, async () => {
      const ends = new Set<string>();
      const { length } = encodeFromTrainer(messages({ task: 1, capability: new Uint8Array(32) } as GivenTask)[k]!);
      for (let cut = 0; cut < length; cut += Math.max(1, Math.floor(length / 12))) {
        ends.add(
          await play((one, task) => {
            one.raw(encodeFromTrainer(messages(task)[k]!).subarray(0, cut));
            one.socket.end();
          }),
        );
      }
      expect([...ends]).to.deep.equal(['trainer.died']);
    });

    it(`is answered by name when a bit of its ${kind} is flipped, and the next task is done`, async () => {
      const ends = new Map<string, number>();
      const { length } = encodeFromTrainer(messages({ task: 1, capability: new Uint8Array(32) } as GivenTask)[k]!);
      for (let bit = 0; bit < 8 * Math.min(length, 90); bit += 29) {
        const end = await play((one, task) => {
          const bytes = encodeFromTrainer(messages(task)[k]!);
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          one.raw(bytes);
          one.socket.end();
        });
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
      expect(ends.has('a result')).to.equal(false);
      expect(await play((one, task) => one.raise(task))).to.equal('a result');
    });

    it(`is answered by name when its ${kind} comes twice, or when it is not due`, async () => {
      // Progress may come as often as it likes; then nothing comes, and its time is over.
      const end = await play(
        (one, task) => {
          for (let i = 0; i < 2; i++) one.say(messages(task)[k]!);
        },
        () => setImmediate(() => clock.hurry()),
      );
      const due = {
        hello: 'trainer.task',
        progress: 'trainer.silent',
        result: 'trainer.task',
        chunk: 'trainer.task',
        failure: 'trainer.refused',
      };
      expect(end).to.equal(due[kind as keyof typeof due]);
    });
  });

  for (const [what, rule, say] of [
    ['a length of nothing', 'trainer.message', (one) => one.raw(new Uint8Array(4))],
    ['a length of four gigabytes', 'trainer.message', (one) => one.raw(new Uint8Array(4).fill(0xff))],
    ['a message of no kind', 'trainer.message', (one) => one.raw(Uint8Array.of(2, 0, 0, 0, 0x50, 0))],
    ['two million empty metrics', 'trainer.message', (one) => one.raw(emptyMetrics())],
    [
      'more weights than the model has',
      'trainer.weights',
      (one, { task, capability }) =>
        one.say({ type: 'result', task, capability, examples: 1, metrics: [], weightsBytes: 2 ** 31 }),
    ],
    [
      'weights that do not follow one another',
      'trainer.task',
      (one, task) => {
        one.say(messages(task)[2]!);
        one.say({ ...(messages(task)[3] as Extract<FromTrainer, { type: 'chunk' }>), offset: 8 });
      },
    ],
    [
      'a topology for weights',
      'trainer.task',
      (one, task) => {
        one.say(messages(task)[2]!);
        one.say({ ...(messages(task)[3] as Extract<FromTrainer, { type: 'chunk' }>), part: 'topology' });
      },
    ],
    ['weights before the result', 'trainer.task', (one, task) => one.say(messages(task)[3]!)],
    ['bytes that are no weights', 'trainer.weights', (one, task) => one.give(task, new Uint8Array(64))],
    [
      'a header that claims to be longer than all',
      'trainer.weights',
      (one, task) => one.give(task, new Uint8Array(64).fill(0xff)),
    ],
    [
      'random bytes without end',
      'trainer.message',
      (one) => {
        const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2_654_435_761) >>> 13);
        one.raw(bytes);
      },
    ],
    [
      'a code that is none',
      'trainer.message',
      (one, { task, capability }) => one.say({ type: 'failure', task, capability, code: 'x'.repeat(100), message: '' }),
    ],
    [
      'a reason of half a megabyte',
      'trainer.message',
      (one, { task, capability }) =>
        one.say({ type: 'failure', task, capability, code: 'failed', message: 'x'.repeat(500_000) }),
    ],
    [
      'an answer after the answer',
      'a result',
      (one, task) => {
        one.raise(task);
        one.raise(task);
      },
    ],
  ] as [string, string, (one: SpokenTrainer, task: GivenTask) => void][]) {
    it(`is answered by name after ${what}`, async () => {
      expect(await play(say)).to.equal(rule);
      expect(await play((one, task) => one.raise(task))).to.equal('a result');
    });
  }

  it('makes nothing grow: sixty-four megabytes of progress are heard and forgotten', async () => {
    const before = process.memoryUsage().rss;
    const leaving = new AbortController();
    const fit = trainer.fit({ ...request, signal: leaving.signal }).catch((error: unknown) => error);
    const one = SpokenTrainer.attach(directory);
    spoken.push(one);
    one.hello(tokenIn(directory));
    const task = (await one.task())!;
    const progress = encodeFromTrainer(messages(task)[1]!);
    const batch = Buffer.concat(Array.from({ length: 1_000 }, () => progress));
    for (let sent = 0; sent < 64 * 1024 * 1024 && !one.over; sent += batch.length) {
      if (!one.socket.write(batch)) await new Promise<void>((resolve) => one.socket.once('drain', resolve));
    }
    expect(one.over).to.equal(false);
    leaving.abort(new FederatedError('deadline', 'enough'));
    expect(((await fit) as Error).message).to.equal('enough');
    expect(process.memoryUsage().rss - before).to.be.lessThan(256 * 1024 * 1024);
  });
});

/** Progress with as many metrics as fit into a message. */
function emptyMetrics(): Uint8Array {
  const metrics = new Uint8Array(bounds.trainerMessageBytesMax - 16);
  for (let i = 0; i + 1 < metrics.length; i += 2) metrics[i] = 0x2a;
  const inner = [0x12, ...varint(metrics.length)];
  const frame = new Uint8Array(4 + inner.length + metrics.length);
  new DataView(frame.buffer).setUint32(0, frame.length - 4, true);
  frame.set(inner, 4);
  frame.set(metrics, 4 + inner.length);
  return frame;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
