import {
  chunkCount,
  groupingOf,
  layoutOf,
  type Plan,
  placeSafetensors,
  planParameters,
  roundSegments,
} from '@concordat/core';

/** What a plan takes, before anything is run. All but `memoryBytes` and `recordBytes` follow exactly from the layout of a masked vector. */
export interface PlanSize {
  /** d. */
  readonly parameters: number;
  /** Chosen in a round, and in how many secure groups. */
  readonly cohort: number;
  readonly groups: number;
  /** One masked vector as it is uploaded. */
  readonly vectorBytes: number;
  /** One model as it is published: safetensors. */
  readonly modelBytes: number;
  /** Of one participant in one round, without TLS and framing. */
  readonly participant: {
    readonly uploadBytes: number;
    readonly downloadBytes: number;
    /** Beside it, where sums are computed anew: all vectors of its group. A client fetches less of a large one. */
    readonly checkBytesMax: number;
    /** What its upload may take, at the slowest line that the plan waits for. */
    readonly uploadSecondsMax: number;
  };
  readonly coordinator: {
    /** Vectors of the round under way, and the sums that are kept of it. */
    readonly roundBytes: number;
    /** The same of the rounds that are kept for members who compute sums anew. */
    readonly keptBytes: number;
    /** Journal, receipts and verdicts of one round, about; for ever. */
    readonly recordBytes: number;
    /** At the end of the run, the most: all models and records, and what is kept of the last rounds. */
    readonly runBytes: number;
    /** Over an idle process, about. */
    readonly memoryBytes: number;
    readonly upBytesPerRound: number;
    readonly downBytesPerRoundMax: number;
  };
}

/** In the database, with its indexes, for each member and round: measured 2.8 kB with 5 members, 2.3 kB with 20. */
const recordBytesPerMember = 2_800;
/** The same of a verdict, its event and its receipt. */
const verdictBytes = 1_300;
/** Buffers of connections, chunks on their way, garbage; and for each parameter the sum, its lanes and the mean (see the benchmark). */
const fixedMemoryBytes = 80_000_000;
const memoryBytesPerParameter = 8;
/** For each group, where a rule over groups keeps their means apart. */
const meanBytes = 4;
/** Of a leaf hash behind each chunk of a stored vector. */
const leafBytes = 32;

/** What a plan takes on the disk, in memory and on the lines, with everyone it asks for. @throws `refused` for segments out of bounds. */
export function planSize(plan: Plan): PlanSize {
  const parameters = planParameters(plan);
  const layout = layoutOf(roundSegments(plan, 'train'));
  const vectorBytes = layout.lengthBytes;
  const fileBytes = vectorBytes + leafBytes * chunkCount(layout);
  const modelBytes = placeSafetensors(plan.task.model.tensors).sizeBytes;
  const { size: cohort } = plan.cohort;
  const { sizes } = groupingOf(plan, cohort);
  const isChecked = plan.secureAggregation.aggregateCheck === 'on';
  const sums = isChecked ? sizes.length : 0;
  const roundBytes = (cohort + sums) * fileBytes;
  const kept = isChecked ? Math.min(plan.transcriptRetention, plan.rounds) : 0;
  const checkBytesMax = isChecked ? (Math.max(...sizes) + sums) * vectorBytes : 0;
  const recordBytes = (recordBytesPerMember + (isChecked ? verdictBytes : 0)) * cohort;
  const keepsMeans = (plan.secureAggregation.groups?.combine ?? 'sum') !== 'sum';
  return {
    parameters,
    cohort,
    groups: sizes.length,
    vectorBytes,
    modelBytes,
    participant: {
      uploadBytes: vectorBytes,
      downloadBytes: modelBytes,
      checkBytesMax,
      uploadSecondsMax: plan.deadlines.stepMillis / 1000 + vectorBytes / plan.deadlines.leaseBytesPerSecond,
    },
    coordinator: {
      roundBytes,
      keptBytes: kept * roundBytes,
      recordBytes,
      // Model version 0 is there too.
      runBytes: (plan.rounds + 1) * modelBytes + plan.rounds * recordBytes + (kept + 1) * roundBytes,
      memoryBytes:
        fixedMemoryBytes + (memoryBytesPerParameter + (keepsMeans ? meanBytes * sizes.length : 0)) * parameters,
      upBytesPerRound: cohort * vectorBytes,
      downBytesPerRoundMax: cohort * (modelBytes + checkBytesMax),
    },
  };
}

/** For people: what each number is and which setting changes it. */
export function planSizeLines(plan: Plan, size: PlanSize): string[] {
  const { participant, coordinator } = size;
  const { transcriptRetention, rounds, deadlines, secureAggregation } = plan;
  const groups = size.groups === 1 ? '' : ` in ${size.groups} groups`;
  const checked = secureAggregation.aggregateCheck === 'on';
  return [
    `plan for run ${plan.run}: ${size.parameters} parameters, ${size.cohort} participants${groups}, ${rounds} models`,
    `a participant, each round: ${bytesText(participant.uploadBytes)} up, ${bytesText(participant.downloadBytes)} down${checked ? `, and at most ${bytesText(participant.checkBytesMax)} down to compute the sum anew` : ''}`,
    `  it has ${participant.uploadSecondsMax.toFixed(0)} s to upload, at ${bytesText(deadlines.leaseBytesPerSecond)}/s (deadlines.stepMillis, leaseBytesPerSecond)`,
    `the coordinator's lines, each round: ${bytesText(coordinator.upBytesPerRound)} up, at most ${bytesText(coordinator.downBytesPerRoundMax)} down`,
    `the coordinator's disk: ${bytesText(coordinator.roundBytes)} for the round under way${checked ? ` and ${bytesText(coordinator.keptBytes)} for the ${transcriptRetention} before it (transcriptRetention)` : ''}`,
    `  for ever: ${bytesText(size.modelBytes)} for each model and about ${bytesText(coordinator.recordBytes)} of records for each round`,
    `  all in all: at most ${bytesText(coordinator.runBytes)} at the end of the run`,
    `the coordinator's memory: about ${bytesText(coordinator.memoryBytes)} above an idle process`,
  ];
}

/** Four kinds of bytes: "812 B", "49 kB", "1.6 MB", "12.0 GB". */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
