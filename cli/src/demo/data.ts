import { type DemoFolder, organizationFolder } from './folder.js';
import { pick, readMnist, writeIdx } from './idx.js';
import { type DemoOptions, organizationIds } from './options.js';
import { countLabels, dealShards } from './shards.js';
import type { ParticipantView } from './view.js';

const digits = 10;

/** What lies on the disk before anybody meets: one data directory for each organization, test images for the operator. */
export interface DemoData {
  readonly participants: ParticipantView[];
  /** Images the operator measures every model on. */
  readonly holdoutExamples: number;
}

/** Deal the training images to the organizations and give the operator the test images. */
export function layOutData(folder: DemoFolder, options: DemoOptions): DemoData {
  const train = readMnist('train');
  const dealt = dealShards(train.labels, { ...options, examplesMax: options.examples });
  const participants = dealt.map((indices, i): ParticipantView => {
    const id = organizationIds[i]!;
    const own = pick(train, indices);
    writeIdx(organizationFolder(folder, id, { make: true }).data, own);
    return {
      id,
      pid: undefined,
      examples: indices.length,
      labels: countLabels(own.labels, digits),
      activity: 'joining',
      portion: undefined,
      roundsContributed: 0,
    };
  });
  const test = readMnist('t10k');
  writeIdx(folder.holdout, test);
  return { participants, holdoutExamples: test.labels.length };
}
