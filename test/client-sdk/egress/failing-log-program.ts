import { EgressLog } from '@concordat/client-sdk';

/** A process of a test: the write of a masked update fails once (CONCORDAT_FAILPOINT); says what became of it and of the next entry. */
const [directory = ''] = process.argv.slice(2);
const log = await EgressLog.open(directory, { wallMillis: Date.now });
const outcomes: string[] = [];
for (const masked of [true, false]) {
  const entry = { runId: 'spring', round: 1, kind: masked ? 'masked-update' : 'ready', bytes: 1, digest: '', masked };
  await log.note(entry).then(
    () => outcomes.push('written'),
    () => outcomes.push('refused'),
  );
}
process.stdout.write(outcomes.join(' '));
process.exit();
