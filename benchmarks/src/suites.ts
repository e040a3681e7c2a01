import { measureClientTotal } from './client-total.js';
import { measureCoordinatorMemory } from './coordinator-memory.js';
import { measureSdkMemory, measureSdkSection } from './embedding.js';
import { measureGroups } from './groups.js';
import { measureClientMask } from './masking.js';
import type { Entry, Question } from './measurement.js';
import { measureRotate } from './rotation.js';
import { measureRound } from './round.js';
import { measureServerUnmask } from './server-unmask.js';
import type { NetworkName } from './training/networks.js';
import { measureTraining, type TrainingGoal } from './training/training.js';
import { measureDistance, measureDurableUpload, measureStream, measureUnary } from './transport.js';
import { measureUploadBytes } from './upload-bytes.js';

interface TrainingEntry {
  readonly network: NetworkName;
  /** Of one pass. */
  readonly examples: number;
  readonly about: string;
  readonly goal: TrainingGoal;
}

const trainings: readonly TrainingEntry[] = [
  {
    network: '2nn',
    examples: 4000,
    about: '784-200-200-10, batch 10: the engine that the ladder takes, beside PyTorch, numpy and tfjs on wasm',
    goal: { timesPyTorch: 1, timesWasm: 13 },
  },
  {
    network: 'cnn',
    examples: 400,
    about: '5×5×32-5×5×64-512, batch 10: the same beside 0.6 times PyTorch',
    goal: { timesPyTorch: 0.6, timesWasm: 5 },
  },
  {
    network: 'gru',
    examples: 300,
    about: 'twenty words, an embedding of 32, a GRU of 64, batch 10: the same',
    goal: { timesPyTorch: 1, timesWasm: 5 },
  },
];

/** Every measurement there is: one line each, in the order they run. */
export const suites: Readonly<Record<string, readonly Entry[]>> = {
  secagg: [
    { name: 'client-mask', about: 'a client masks one update: n keystreams', measure: measureClientMask },
    { name: 'client-total', about: 'everything a client does but training and sending', measure: measureClientTotal },
    {
      name: 'server-unmask-1',
      about: 'a coordinator opens a sum in one thread',
      measure: (of) => measureServerUnmask(of, 1),
    },
    { name: 'server-unmask-2', about: 'the same sum in two threads', measure: (of) => measureServerUnmask(of, 2) },
    {
      name: 'coordinator-rss-n10',
      about: 'how much a coordinator grows over idle in a run of 10 participants',
      measure: (of) => measureCoordinatorMemory({ ...of, participants: 10 }, 1),
    },
    {
      name: 'coordinator-rss-n100',
      about: 'the same with 100',
      measure: (of) => measureCoordinatorMemory({ ...of, participants: 100 }, 1),
    },
    { name: 'upload-bytes', about: 'one masked update on the wire, beside b bits a lane', measure: measureUploadBytes },
    { name: 'rotate', about: 'a client rotates one update, beside copying it once', measure: measureRotate },
  ],
  groups: [
    {
      name: 'groups-1000',
      about: 'a round of 1,000 in four secure groups, d = 100,000, 24 bits, 30 % lost: what all of them spend',
      measure: (of) => measureGroups({ ...of, participants: 1000, parameters: 100_000, bits: 24, drop: 0.3 }, 4),
    },
  ],
  round: [
    {
      name: 'round-1e6',
      about: 'a round of 10 that trains nothing, d = 1,000,000, every participant a process of its own',
      measure: (of) => measureRound({ ...of, participants: 10, parameters: 1_000_000 }, 800),
    },
    {
      name: 'round-1e3',
      about: 'the same with d = 1,000',
      measure: (of) => measureRound({ ...of, participants: 10, parameters: 1_000 }, 150),
    },
  ],
  transport: [
    { name: 'stream-down', about: 'one stream of 40 MB to a participant, beside TLS alone', measure: measureStream },
    {
      name: 'upload-40',
      about: 'a vector of 40 MB durable in the spool, beside that stream',
      measure: (of) => measureDurableUpload(of, 40e6),
    },
    {
      name: 'upload-200',
      about: 'the same with 200 MB',
      measure: (of) => measureDurableUpload(of, 200e6),
    },
    { name: 'unary', about: 'a small call there and back, beside TLS alone', measure: measureUnary },
    ...[20, 50, 150].map((rttMillis) => ({
      name: `upload-rtt-${rttMillis}`,
      about: `a vector of 40 MB over a line of ${rttMillis} ms there and back, beside TLS alone`,
      measure: (of: Question) => measureDistance(of, rttMillis),
    })),
  ],
  sdk: [
    {
      name: 'sdk-memory',
      about: 'how much a service grows over idle that embeds a client, d = 10,000,000, beside six times the update',
      measure: (of) => measureSdkMemory({ ...of, parameters: 10_000_000 }),
    },
    {
      name: 'sdk-section',
      about: 'the longest turn of its event loop through that run, in time on a processor',
      measure: (of) => measureSdkSection({ ...of, parameters: 10_000_000 }),
    },
  ],
  training: [1, 2].flatMap((threads) =>
    trainings.map(({ network, examples, about, goal }) => ({
      name: threads === 1 ? `train-${network}` : `train-${network}-${threads}`,
      about: threads === 1 ? about : `the same in ${threads} threads, of ours a participant each`,
      measure: (of: Question) => measureTraining(of, { network, examples, threads }, goal),
    })),
  ),
  large: [
    {
      name: 'coordinator-rss',
      about: 'how much a coordinator grows over idle in one run, every participant a process of its own',
      measure: (of) => measureCoordinatorMemory(of),
    },
  ],
};
