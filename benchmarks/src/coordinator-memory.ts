import type { Measurement, Question } from './measurement.js';
import { playRun } from './stage/stage.js';

/** What a coordinator's process may grow by, beside bytes for each lane: buffers of connections, chunks on their way, garbage. */
const fixedBytes = 80e6;
/** The sum (3), its lanes as integers and in their place the mean (4), and a little. */
const bytesPerLane = 8;

/** Growth over idle with a cohort of 10, when it was measured in this run. */
let grownWithTen: number | undefined;

/**
 * How much more memory than idle a coordinator's process needs for one run, from the upload of the model to the published one.
 *
 * @param processes among which the participants are shared out; one for each unless given.
 */
export async function measureCoordinatorMemory(
  question: Question,
  processes = question.participants,
): Promise<Measurement> {
  const { idleBytes, peakBytes, clientPeakBytes, millis } = await playRun(question, { processes });
  const value = Math.max(0, peakBytes - idleBytes);
  if (question.participants === 10) grownWithTen = value;
  return {
    value,
    unit: 'bytes',
    limit: fixedBytes + bytesPerLane * question.parameters,
    detail: {
      participants: question.participants,
      parameters: question.parameters,
      idleBytes,
      peakBytes,
      clientPeakBytes,
      runMillis: millis,
      ...(grownWithTen === undefined ? {} : { timesTen: value / grownWithTen }),
    },
  };
}
