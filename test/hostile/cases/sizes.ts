import { bounds } from '@concordat/core';
import type { CoordinatorCase } from '../hostile-case.js';
import type { Tamper } from '../spoken-wire.js';
import type { Stage } from '../stage.js';
import { victim } from './forging.js';

const others = 'sum of bluebird, cobalt, delta, echo';

/** A field of protobuf, with its length before it. @param lengthBytes what it says instead of its length. */
function field(number: number, bytes: Uint8Array, lengthBytes = bytes.length): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(lengthBytes), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]);
}

/** An assignment of round 1 around a session frame. */
const assignment = (...frame: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    Buffer.from([8, 99]),
    field(2, Buffer.from('spring')),
    Buffer.from([24, 1]),
    field(12, Buffer.concat(frame)),
  ]);

/** An unknown field of this many bytes behind what was said: skipped by whoever takes the message. */
const padded =
  (sizeBytes: number): Tamper =>
  (bytes) =>
    Buffer.concat([bytes, field(1000, Buffer.alloc(sizeBytes))]);
const cutOff: Tamper = (bytes) => bytes.subarray(0, bytes.length >> 1);

/** "acme" is sent one kind of message in other bytes, once. */
function sending(what: string, change: Tamper, play: (stage: Stage) => Promise<unknown> = (stage) => stage.play()) {
  return {
    script: async (stage: Stage) => {
      let isSaid = false;
      stage.server.tamper = (to, said) => {
        if (to !== victim || said !== what || isSaid) return undefined;
        isSaid = true;
        return change;
      };
      await play(stage);
      stage.server.tamper = undefined;
    },
  };
}

const refusing = (...rules: readonly string[]) => ({ verdict: { refuses: { [victim]: rules }, ends: [others] } });

/** Messages that are too large, too short, or say that they are. The true assignment follows a false one. */
export const sizeCases: readonly CoordinatorCase[] = [
  { lie: 'cuts a session frame off in its middle', ...refusing('malformed'), ...sending('cohort', cutOff) },
  { lie: 'sends an assignment of no bytes', ...refusing('malformed'), ...sending('cohort', () => Buffer.alloc(0)) },
  {
    lie: 'sends a frame larger than a control message may be',
    ...refusing('malformed'),
    ...sending('cohort', padded(bounds.controlMessageBytesMax)),
  },
  {
    lie: 'sends a frame larger than any message may be',
    ...refusing('malformed'),
    ...sending('cohort', padded(bounds.messageBytesMax)),
  },
  {
    lie: 'sends a frame whose field says that it is four gigabytes long',
    ...refusing('malformed'),
    ...sending('cohort', () => assignment(field(2, Buffer.alloc(8), 2 ** 32 - 1))),
  },
  {
    lie: 'sends a cohort of half a million empty advertisements',
    ...refusing('malformed'),
    ...sending('cohort', () => assignment(field(2, Buffer.alloc(1_000_000).fill(Buffer.from([10, 0]))))),
  },
  {
    lie: 'sends a cohort of one more than may be in one',
    ...refusing('malformed'),
    ...sending('cohort', () => {
      const advert = field(1, Buffer.concat([field(1, Buffer.alloc(1)), field(2, Buffer.alloc(64))]));
      return assignment(field(2, Buffer.alloc(advert.length * (bounds.cohortMax + 1)).fill(advert)));
    }),
  },
  {
    lie: 'sends a list of awaited participants with half a million entries',
    ...refusing('malformed'),
    ...sending('cohort', () =>
      Buffer.concat([Buffer.from([8, 99, 24, 1]), field(14, Buffer.alloc(1_000_000).fill(Buffer.from([18, 0])))]),
    ),
  },
  { lie: 'cuts a receipt off', ...refusing('malformed'), ...sending('receipt share', cutOff) },
  {
    lie: 'sends a receipt larger than one may be',
    ...refusing('malformed'),
    ...sending('receipt share', () => {
      const signed = Buffer.concat([
        field(1, Buffer.alloc(bounds.certificateBytesMax + 1)),
        field(2, Buffer.alloc(64)),
      ]);
      return field(1, signed);
    }),
  },
  {
    lie: 'says that it holds more of a vector than there is of it',
    ...refusing('malformed'),
    ...sending('upload begun', () => Buffer.concat([Buffer.from([8]), varint(100 * bounds.chunkBytes)])),
  },
  {
    lie: 'says that it holds a vector up to the inside of a chunk',
    ...refusing('malformed'),
    ...sending('upload begun', () => Buffer.concat([Buffer.from([8]), varint(1)])),
  },
  {
    lie: 'says that it holds all of a vector, with a receipt larger than one may be',
    ...refusing('malformed'),
    ...sending('upload begun', () => {
      const signed = Buffer.concat([
        field(1, Buffer.alloc(bounds.certificateBytesMax + 1)),
        field(2, Buffer.alloc(64)),
      ]);
      return field(2, field(1, signed));
    }),
  },
  {
    lie: 'says that it holds a vector of which it has no byte, with a receipt that it did not sign',
    ...refusing('receipt'),
    ...sending('upload begun', () => {
      const signed = Buffer.concat([field(1, Buffer.alloc(80)), field(2, Buffer.alloc(64))]);
      return field(2, field(1, signed));
    }),
  },
  { lie: 'cuts the plan off', ...refusing('malformed'), ...sending('plan', cutOff) },
  {
    lie: 'sends a plan larger than one may be',
    ...refusing('malformed'),
    ...sending('plan', () => {
      const signed = Buffer.concat([field(1, Buffer.alloc(bounds.planBytesMax + 1)), field(2, Buffer.alloc(64))]);
      return field(1, signed);
    }),
  },
  {
    lie: 'says that more refused a plan than a roster has members',
    ...refusing('malformed'),
    ...sending('plan', (bytes) => {
      const empty = field(3, Buffer.alloc(0));
      return Buffer.concat([bytes, Buffer.alloc(empty.length * (bounds.rosterMembersMax + 1)).fill(empty)]);
    }),
  },
  {
    lie: 'says in a sentence why somebody refused a plan',
    ...refusing('malformed'),
    ...sending('plan', (bytes) => {
      const sentence = field(2, Buffer.from('has nothing to offer'));
      return Buffer.concat([bytes, field(3, Buffer.concat([field(1, Buffer.from('bluebird')), sentence]))]);
    }),
  },
  { lie: 'cuts the roster off', ...refusing('malformed'), ...sending('roster', cutOff) },
  {
    lie: 'sends a roster larger than one may be',
    ...refusing('malformed'),
    ...sending('roster', () => {
      const document = Buffer.concat([field(1, Buffer.alloc(bounds.rosterBytesMax + 1)), field(2, Buffer.alloc(64))]);
      return field(1, Buffer.concat([field(1, document), field(2, document.subarray(0, 64))]));
    }),
  },
  { lie: 'ends a model before its end', ...refusing('malformed'), ...sending('weights', cutOff) },
  {
    lie: 'says that a model is a terabyte',
    ...refusing('blob.size'),
    ...sending('weights', () => Buffer.concat([Buffer.from([8]), varint(2 ** 40)])),
  },
  {
    lie: 'sends more of a model than it announced',
    ...refusing('malformed'),
    ...sending('weights', (bytes) => Buffer.concat([bytes, Buffer.from([8, 1])])),
  },
];
