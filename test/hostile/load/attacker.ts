import { readFileSync } from 'node:fs';
import { attacks, type Targets } from './attacks.js';

/** A process that attacks, again and again until it is killed: the file named has its targets. One JSON line for each attack that is over. */
async function main([file, share, turns]: readonly string[]): Promise<void> {
  const targets = JSON.parse(readFileSync(file!, 'utf8')) as Targets;
  for (let turn = 0; turn < Number(turns); turn++) {
    for (const { name, run } of attacks) {
      const answer = await run(targets, Number(share)).catch(
        (error: unknown) => `the attacker failed: ${String(error)}`,
      );
      process.stdout.write(`${JSON.stringify({ name, answer })}\n`);
    }
  }
}

await main(process.argv.slice(2));
