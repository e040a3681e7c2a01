import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bounds, FederatedError } from '@concordat/core';
import {
  decodeFromTrainer,
  decodeToTrainer,
  encodeFromTrainer,
  encodeToTrainer,
  type FromTrainer,
  includeDir,
  protoFiles,
  type ToTrainer,
  trainerFrameLength,
} from '@concordat/proto';
import { expect } from 'chai';

const key = { task: 7, capability: new Uint8Array(32).fill(9) };
const said: readonly FromTrainer[] = [
  { type: 'hello', version: 1, capability: new Uint8Array(0), name: 'torch 2', kernels: 'cpu' },
  { type: 'progress', ...key, step: 3, steps: 2 ** 40, metrics: [{ name: 'loss', value: 0.25 }] },
  { type: 'result', ...key, examples: 2 ** 40, metrics: [{ name: 'accuracy', value: -1e-300 }], weightsBytes: 64 },
  { type: 'chunk', ...key, part: 'weights', offset: 2 ** 31, data: Uint8Array.of(1, 2, 3) },
  { type: 'failure', ...key, code: 'refused', message: 'no records of this kind' },
];
const told: readonly ToTrainer[] = [
  {
    type: 'task',
    id: 7,
    capability: key.capability,
    work: 'fit',
    topologyBytes: 2,
    weightsBytes: 9,
    loss: 'meanSquaredError',
    optimizer: 'sgd',
    learningRate: 0.1,
    batchSize: 10,
    epochs: 0,
    steps: 4_000_000_000,
    round: 3,
    seed: 'spring/3/acme',
    participant: 'acme',
    holdoutFraction: 0.1,
    deadlineMillis: 60_000,
    data: '/die Daten',
  },
  { type: 'chunk', ...key, part: 'topology', offset: 0, data: Uint8Array.of(123) },
  { type: 'cancel', ...key },
];

const bodyOf = (frame: Uint8Array): Uint8Array => frame.subarray(4);

describe('what a client and its trainer say', () => {
  for (const message of said) {
    it(`is the same on the other side: ${message.type} of a trainer`, () => {
      const frame = encodeFromTrainer(message);
      expect(trainerFrameLength(frame)).to.equal(frame.length - 4);
      expect(decodeFromTrainer(bodyOf(frame))).to.deep.equal(message);
    });
  }

  for (const message of told) {
    it(`is the same on the other side: ${message.type} for a trainer`, () => {
      expect(decodeToTrainer(bodyOf(encodeToTrainer(message)))).to.deep.equal(message);
    });
  }

  it('is refused as trainer.message when it is cut or a bit of it is flipped, or is a message all the same', () => {
    for (const message of said) {
      const whole = bodyOf(encodeFromTrainer(message));
      const damaged = [
        ...Array.from(whole, (_, cut) => whole.subarray(0, cut)),
        ...Array.from({ length: 8 * whole.length }, (_, bit) =>
          whole.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
        ),
      ];
      for (const bytes of damaged) {
        try {
          expect(said.map(({ type }) => type)).to.include(decodeFromTrainer(bytes).type);
        } catch (error) {
          if (!(error instanceof FederatedError)) throw error;
          expect([error.code, error.detail.rule]).to.deep.equal(['malformed', 'trainer.message']);
        }
      }
    }
  });

  it('has a length between 1 and the bound', () => {
    const head = (length: number): Uint8Array => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, length, true);
      return bytes;
    };
    expect(trainerFrameLength(head(bounds.trainerMessageBytesMax))).to.equal(bounds.trainerMessageBytesMax);
    for (const length of [0, bounds.trainerMessageBytesMax + 1, 2 ** 32 - 1]) {
      expect(() => trainerFrameLength(head(length))).to.throw(FederatedError, 'impossible length');
    }
  });

  it('is no part of the wire: no file of the coordinator’s services names it', () => {
    expect(protoFiles.filter((path) => path.endsWith('trainer.proto'))).to.deep.equal([]);
    for (const path of protoFiles) expect(readFileSync(path, 'utf8')).to.not.match(/trainer\.proto|Trainer/);
    expect(readFileSync(join(includeDir, 'concordat/v1/trainer.proto'), 'utf8')).to.not.match(/^service/m);
  });
});
