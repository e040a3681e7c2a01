import type { DataSchema } from '@concordat/core';
import { type Clock, systemClock } from '@concordat/node';
import type { DataSet } from './data/data-set.js';
import { readDeclaration } from './data/declaration.js';
import type { Records } from './data/records.js';
import { requireExternalAllowed } from './policy/external-trainers.js';
import type { Policy } from './policy/policy.js';
import type { EngineName } from './trainer/engine-names.js';
import {
  createExternalTrainer,
  type ExternalTrainerPlace,
  type TrainerPatience,
  type TrainerStatus,
} from './trainer/external/external-trainer.js';
import type { Trainer } from './trainer/trainer.js';
import type { DataSource } from './trainer/worker-messages.js';
import { createTrainer } from './trainer/worker-trainer.js';

/**
 * Where the records are: a directory with `data.yaml`, or with IDX files; rows of declared columns; arrays; a directory whose path
 * a trainer in a process of its own is given; or behind a trainer of your own, which you close. `dataSchema` says what arrays or trainer hold: plans that name a data schema are refused without it.
 */
export type RecordsSource =
  | ({ readonly dataDirectory: string } & ThreadOptions)
  | ({ readonly records: Records } & ThreadOptions)
  | ({ readonly dataSet: DataSet; readonly dataSchema?: DataSchema } & ThreadOptions)
  | { readonly dataDirectory: string; readonly external: ExternalTrainerPlace & TrainerPatience }
  | { readonly trainer: Trainer; readonly dataSchema?: DataSchema };

/** The thread that trains with tfjs. */
export interface ThreadOptions {
  /** Only this engine; the fastest that loads unless said. */
  readonly engine?: EngineName;
  /** How far training steps back for the rest of the machine, 0 to 19; see `TrainerOptions`. */
  readonly nice?: number;
}

/** Who trains, and on what kind of records; without a schema nothing is declared of them. */
export interface OpenedTrainer {
  readonly trainer: Trainer;
  readonly dataSchema: DataSchema | undefined;
}

/** Who opens them. */
export interface TrainerPlace {
  readonly participant: string;
  readonly policy: Policy | undefined;
  readonly clock: Clock | undefined;
  readonly onStatus: (status: TrainerStatus) => void;
}

/**
 * Open the records, and what trains on them.
 *
 * @throws `refused` `trainer.external` for a trainer in a process of its own that the policy does not allow; as `createExternalTrainer`, `createTrainer`, `readDeclaration` and `collectRecords`.
 */
export async function openTrainer(source: RecordsSource, place: TrainerPlace): Promise<OpenedTrainer> {
  const { participant, policy, clock = systemClock, onStatus } = place;
  if ('trainer' in source) {
    if (source.trainer.describe().external === true) requireExternalAllowed(policy);
    return { trainer: source.trainer, dataSchema: source.dataSchema };
  }
  if ('external' in source) {
    requireExternalAllowed(policy);
    const dataSchema = (await readDeclaration(source.dataDirectory))?.schema;
    const { dataDirectory: data, external } = source;
    return { trainer: await createExternalTrainer({ ...external, data, participant, clock, onStatus }), dataSchema };
  }
  const { data, dataSchema } = await declared(source);
  const { engine, nice } = source;
  const trainer = await createTrainer({
    data,
    participant,
    ...(engine === undefined ? {} : { engine }),
    ...(nice === undefined ? {} : { nice }),
  });
  return { trainer, dataSchema };
}

async function declared(
  source: Exclude<RecordsSource, { readonly trainer: Trainer } | { readonly external: object }>,
): Promise<{ readonly data: DataSource; readonly dataSchema: DataSchema | undefined }> {
  if ('dataSet' in source) return { data: { dataSet: source.dataSet }, dataSchema: source.dataSchema };
  if ('records' in source) return { data: { records: source.records }, dataSchema: source.records.schema };
  const declaration = await readDeclaration(source.dataDirectory);
  const data = declaration === undefined ? { directory: source.dataDirectory } : { declaration };
  return { data, dataSchema: declaration?.schema };
}
