import { bounds } from '@concordat/core';
import { z } from 'zod';

const count = (max: number) => z.number().int().min(1).max(max);
const positive = z.number().positive().max(1e6);
const share = z.number().gt(0).lt(1);

const partitionSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('iid') }),
  z.strictObject({ name: z.literal('dirichlet'), alpha: positive, examplesMin: count(1e6).optional() }),
  z.strictObject({ name: z.literal('dirichlet-sizes'), alpha: positive, examplesMin: count(1e6).optional() }),
  z.strictObject({ name: z.literal('shards'), each: count(1_000) }),
  z.strictObject({ name: z.literal('labels'), each: count(1_000) }),
  z.strictObject({ name: z.literal('sizes'), growth: z.enum(['linear', 'square', 'exponential']) }),
  z.strictObject({ name: z.literal('groups') }),
]);

const factor = z.number().positive().max(1e9);

const attackSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('label-flip') }),
  z.strictObject({ name: z.literal('sign-flip'), factor: factor.default(1) }),
  z.strictObject({ name: z.literal('scale'), factor: factor.default(10) }),
  z.strictObject({ name: z.literal('gaussian'), deviation: factor.default(1) }),
  z.strictObject({ name: z.literal('free-rider') }),
  z.strictObject({ name: z.literal('alie') }),
  z.strictObject({ name: z.literal('ipm'), factor: factor.default(0.5) }),
]);

/** What participants train, on whose examples. As in a plan where a plan has it. */
export const trainSchema = z.strictObject({
  /** `mnist`: 60,000 digits to train on and 10,000 to measure on. */
  data: z.literal('mnist'),
  /** So many of the training set, drawn from the seed; all of them unless said. */
  examples: count(10_000_000).optional(),
  partition: partitionSchema.default({ name: 'iid' }),
  /** Fully connected: widths of the layers between input and classes. */
  model: z.strictObject({ hidden: z.array(count(65_536)).max(16) }),
  loss: z.enum(['categoricalCrossentropy']).default('categoricalCrossentropy'),
  optimizer: z
    .strictObject({ name: z.enum(['sgd', 'momentum', 'adam']), learningRate: z.number().positive().max(1e3) })
    .default({ name: 'sgd', learningRate: 0.1 }),
  batchSize: count(65_536).default(10),
  /** Passes over one's own examples. */
  epochs: count(1_000).default(1),
  /** μ of FedProx: how strongly local weights are held at the model that they came from. Absent: FedAvg. */
  proximal: z.number().positive().max(1e3).optional(),
  /** Each model is measured whose number is a multiple of it, and the last. */
  measureEvery: count(bounds.roundsMax).default(1),
  /** So large a share of all participants, who follow from the seed, attacks in every round. */
  adversaries: z.strictObject({ share: share, attack: attackSchema }).optional(),
  /** The run ends when a measured model is as good. */
  until: z.strictObject({ accuracy: share }).optional(),
});

export type TrainTerms = z.output<typeof trainSchema>;
