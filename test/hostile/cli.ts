import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerOf,
  answerOfProcess,
  binaries,
  faultsOfEnvelope,
  faultsOfProse,
  foundFixtures,
} from './command-line-answer.js';
import { hostileLines } from './command-lines.js';

// Sends bad arguments to every command of both binaries: all of them in this process, with and without --json, and every
// n-th (25 unless said) as a real process. Prints what is answered wrongly; exit code 1 when anything is.
const processEvery = Number(process.argv[2] ?? 25);
const root = mkdtempSync(join(tmpdir(), 'concordat-hostile-'));
const say = (text: string) => process.stdout.write(`${text}\n`);
let [lines, processes, wrong] = [0, 0, 0];

function report(what: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  wrong++;
  say(`${what}: ${faults.join('; ')}`);
}

try {
  const fixtures = await foundFixtures(root);
  for (const binary of await binaries()) {
    for (const { args, what } of hostileLines(binary.program, fixtures)) {
      lines++;
      const json = [...args, '--json'];
      const named = `${binary.name} ${what}`;
      report(named, faultsOfEnvelope(await answerOf(binary, json)));
      report(`${named} (prose)`, faultsOfProse(await answerOf(binary, args)));
      const answer = lines % processEvery === 0 ? answerOfProcess(binary, json) : undefined;
      if (answer === undefined) continue;
      processes++;
      report(`${named} (process)`, faultsOfEnvelope(answer));
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
say(`${lines} bad command lines, with and without --json, ${processes} also as processes: ${wrong} answered wrongly`);
process.exitCode = wrong === 0 && lines > 1000 ? 0 : 1;
