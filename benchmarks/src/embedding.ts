import type { Measurement, Question } from './measurement.js';
import { type PlayedRun, playRun } from './stage/stage.js';

/** A trainer's model and update, the delta, its lanes, the masked vector, and one more on its way. */
const copiesMax = 6;
const floatBytes = 4;
const sectionMillisMax = 20;
const participants = 3;

/** Both measurements are of one run. */
let played: { readonly parameters: number; readonly run: Promise<PlayedRun> } | undefined;

function play(question: Question): Promise<PlayedRun> {
  if (played?.parameters !== question.parameters) {
    const of = { ...question, participants };
    const run = playRun(of, { processes: participants, sections: true });
    played = { parameters: question.parameters, run };
  }
  return played.run;
}

/** How much a process grows over idle that embeds a client whose trainer gives a delta: through one run, its check included. */
export async function measureSdkMemory(question: Question): Promise<Measurement> {
  const { clientGrowthBytes, clientPeakBytes } = await play(question);
  return {
    value: clientGrowthBytes,
    unit: 'bytes',
    limit: copiesMax * floatBytes * question.parameters,
    detail: {
      parameters: question.parameters,
      copies: clientGrowthBytes / (floatBytes * question.parameters),
      clientPeakBytes,
    },
  };
}

/** The longest turn of the event loop of a program that embeds a client, in time on a processor: through the same run. */
export async function measureSdkSection(question: Question): Promise<Measurement> {
  const { longestMillis } = await play(question);
  return { value: longestMillis, unit: 'ms', limit: sectionMillisMax, detail: { parameters: question.parameters } };
}
