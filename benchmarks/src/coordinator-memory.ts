import type { Measurement, Question } from './measurement.js';
import { growthOfBareServer } from './stage/bare-server.js';
import { playRun } from './stage/stage.js';

/** What a coordinator's process may grow by, beside bytes for each lane: buffers of connections, chunks on their way, garbage. */
const fixedBytes = 80e6;
/** The sum (3), its lanes as integers and in their place the mean (4), and a little. */
const bytesPerLane = 8;

interface Grown {
  readonly ours: number;
  readonly bare: number;
}

/** Growth over idle with a cohort of 10, when it was measured in this run. */
let withTen: Grown | undefined;

/**
 * How much more memory than idle a coordinator's process needs for one run, from the upload of the model to the published one; and beside
 * it a server of Node's own that moves the bytes of the round and does nothing else.
 *
 * @param processes among which the participants are shared out; one for each unless given.
 */
export async function measureCoordinatorMemory(
  question: Question,
  processes = question.participants,
): Promise<Measurement> {
  const { idleBytes, peakBytes, clientPeakBytes, millis } = await playRun(question, { processes });
  const value = Math.max(0, peakBytes - idleBytes);
  const bare = await growthOfBareServer(question);
  if (question.participants === 10) withTen = { ours: value, bare };
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
      bareServerBytes: bare,
      ...(withTen === undefined ? {} : { timesTen: value / withTen.ours, bareServerTimesTen: bare / withTen.bare }),
    },
  };
}
