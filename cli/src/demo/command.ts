import type { Command } from 'commander';
import { printData } from '../envelope.js';
import type { CommandIo } from '../io.js';
import { runDemo } from './demo.js';
import { checkDemoOptions } from './options.js';

/** Add `demo` to the program. */
export function registerDemoCommand(program: Command, io: CommandIo): void {
  program
    .command('demo')
    .description('Five organizations as five processes train one model; one of them dies on the way.')
    .option('--participants <n>', 'organizations, 4 to 24', '5')
    .option('--rounds <n>', 'models to publish', '10')
    .option('--seed <n>', 'how the data is divided and where the weights begin', '1')
    .option('--examples <n>', 'examples each organization keeps at most; fewer is faster and less accurate')
    .option('--rotation <kind>', 'none, or hadamard: lanes of 8 bits, a third less to upload', 'none')
    .option('--keep <directory>', 'leave everything there, ready to be started again')
    .option('--json', 'JSON lines on stdout; the last one is the envelope')
    .action(async (typed: Readonly<Record<string, unknown>>) => {
      const options = checkDemoOptions(typed);
      const result = await runDemo(options, io);
      if (options.json) printData(io, result);
      else for (const line of [result.modelDirectory, result.safetensors]) io.stdout.write(`${line}\n`);
    });
}
