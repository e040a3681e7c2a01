import { fsyncMillis } from './machine-limit.js';
import { median } from './measure.js';
import type { Measurement, Question } from './measurement.js';
import { playRun } from './stage/stage.js';

/** Rounds until the code of every process is compiled, and rounds that are measured then. */
const warmRounds = 20;
const measuredRounds = 20;

/**
 * Durable writes of one round that follow one another: 17 of a participant, beside those of the others, counted with strace, and 13
 * transactions of the coordinator, one after the other, counted in its journal (19 where a round takes longer).
 */
const fsyncsOnPath = 17 + 13;

/**
 * How long a round takes that trains nothing: from one publication to the next, a process for each participant, mutual TLS, every sum
 * masked, and no member computing it anew. Beside it what such a round may take: so much, and the fsyncs that follow one another.
 *
 * @param allowedMillis without fsyncs.
 */
export async function measureRound(question: Question, allowedMillis: number): Promise<Measurement> {
  const { participants, parameters } = question;
  const { roundMillis, phaseSeconds, coordinatorMillis, clientMillis } = await playRun(question, {
    processes: participants,
    rounds: 1 + warmRounds + measuredRounds,
    aggregateCheck: 'off',
  });
  const fsync = fsyncMillis();
  const measured = roundMillis.slice(warmRounds);
  const phases = Object.entries(phaseSeconds).map(([phase, seconds]) => [`${phase}Millis`, 1000 * seconds] as const);
  return {
    value: median(measured),
    unit: 'ms',
    limit: allowedMillis + fsyncsOnPath * fsync,
    detail: {
      participants,
      parameters,
      rounds: measured.length,
      slowestMillis: Math.max(...measured),
      coldMillis: median(roundMillis.slice(0, 5)),
      coordinatorCpuMillis: coordinatorMillis,
      clientCpuMillis: clientMillis,
      fsyncMillis: fsync,
      fsyncsOnPath,
      ...Object.fromEntries(phases),
    },
  };
}
