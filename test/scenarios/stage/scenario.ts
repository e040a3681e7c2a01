import { load } from 'js-yaml';
import { z } from 'zod';

/** The three ways to run a scenario; see README.md. */
export const levels = ['virtual', 'in-process', 'grpc'] as const;

export type Level = (typeof levels)[number];

/** Calls by what they are for. */
export const messages = [
  'check-in',
  'get-plan',
  'get-roster',
  'get-blob',
  'approved',
  'decline',
  'ready',
  'advertise',
  'share',
  'confirm',
  'begin-upload',
  'upload',
  'certify',
  'reveal',
] as const;

export type Message = (typeof messages)[number];

const millis = z.int().min(0);

/** Something that goes wrong when a participant is about to send this message of this round, the first time it is. */
const eventSchema = z.strictObject({
  participant: z.string(),
  round: z.int().min(0).default(1),
  message: z.enum(messages),
  do: z.enum([
    /** Its line breaks before the message is out; it connects again by itself. */
    'disconnect',
    /** The coordinator takes the message; the answer is lost with the line. */
    'lose-reply',
    /** An upload breaks off after `frames` frames; the line stays. */
    'break-upload',
    /** Its process is killed and started again with what its disk holds, after `millis`. */
    'kill',
    /** The coordinator is killed and started again with what its disk holds, before the message is out. */
    'kill-coordinator',
  ]),
  millis: millis.default(0),
  frames: z.int().min(1).default(2),
});

const scenarioSchema = z.strictObject({
  about: z.string(),
  seed: z.int().min(0).default(1),
  participants: z.array(z.string()).min(3),
  rounds: z.int().min(1).default(1),
  cohort: z.strictObject({ min: z.int(), size: z.int(), max: z.int() }),
  maxColluders: z.int().default(1),
  deadlines: z.strictObject({ selectMillis: millis, readyMillis: millis, stepMillis: millis, graceMillis: millis }),
  onShortfall: z
    .discriminatedUnion('action', [
      z.strictObject({ action: z.literal('retry'), times: z.int() }),
      z.strictObject({ action: z.enum(['pause', 'abort']) }),
    ])
    .default({ action: 'abort' }),
  /** Bytes a second of every participant's uploads; else unlimited. */
  uploadBytesPerSecond: z.int().optional(),
  /** Who trains: a linear model in plain arithmetic, or TensorFlow.js (its plain JavaScript kernels) in a worker of each client. */
  engine: z.enum(['linear', 'tfjs']).default('linear'),
  /** Shape of the linear model's kernel; a bias of its width goes with it. The inputs and classes of a network. */
  kernel: z.tuple([z.int(), z.int()]).default([6, 4]),
  /** Of updates, before they are quantized. */
  rotation: z.enum(['none', 'hadamard']).default('none'),
  events: z.array(eventSchema).default([]),
  levels: z.array(z.enum(levels)).default([...levels]),
});

export type StageEvent = z.output<typeof eventSchema>;

export interface StageScenario extends z.output<typeof scenarioSchema> {
  readonly name: string;
}

/** @throws on the first field that is wrong, naming it. */
export function readScenario(name: string, text: string): StageScenario {
  return { name, ...scenarioSchema.parse(load(text)) };
}
