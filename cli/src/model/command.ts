import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { openClientSdk, openCoordinator } from '../doors.js';
import { ourBug, printData } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import type { CommandIo } from '../io.js';

interface ExportFlags {
  readonly directory: string;
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
  readonly tfjs?: string;
  readonly safetensors?: string;
  readonly json?: true;
}

/** Add `model export` to the program: it needs the coordinator's operator client and the SDK's model formats. */
export function registerModelCommands(program: Command, io: CommandIo): void {
  const model = program.command('model').description('Published models, for people and other programs.');
  model
    .command('export')
    .description('Fetch a published model as the operator; write it as a tfjs layers model and as safetensors.')
    .requiredOption('--topology <hash>', 'topologyHash that `run watch --json` printed', hash)
    .requiredOption('--weights <hash>', 'modelHash that `run watch --json` or `status --json` printed', hash)
    .option('--directory <directory>', "the consortium's directory, with operator/ in it", '.')
    .option('--tfjs <directory>', 'where to write model.json and weights.bin')
    .option('--safetensors <file>', 'where to write the weights alone')
    .option('--json', 'print one envelope')
    .action((flags: ExportFlags) => exportModel(flags, io));
}

async function exportModel(flags: ExportFlags, io: CommandIo): Promise<void> {
  const { exitCodeOf, OperatorClient, readOperatorKeys } = await openCoordinator();
  const { readLayersModel, writeTfjsDirectory } = await openClientSdk();
  try {
    const client = new OperatorClient(await readOperatorKeys(resolve(flags.directory)));
    const [topology, weights] = await Promise.all([client.get(flags.topology), client.get(flags.weights)]).finally(() =>
      client.close(),
    );
    const written: { tfjs?: string; safetensors?: string } = {};
    if (flags.tfjs !== undefined) {
      written.tfjs = resolve(flags.tfjs);
      await mkdir(written.tfjs, { recursive: true });
      await writeTfjsDirectory(written.tfjs, readLayersModel({ topology, weights }));
    }
    if (flags.safetensors !== undefined) {
      written.safetensors = resolve(flags.safetensors);
      await mkdir(dirname(written.safetensors), { recursive: true });
      await writeFile(written.safetensors, weights);
    }
    if (flags.json === true) printData(io, written);
    else for (const path of Object.values(written)) io.stdout.write(`${path}\n`);
  } catch (error) {
    throw known(error, exitCodeOf(error));
  }
}

/** A refusal of one of the packages behind this command, as ours; anything else stays what it is. */
function known(error: unknown, exitCode: number): unknown {
  if (!(error instanceof Error) || exitCode === ourBug) return error;
  const { code, fix } = error as Error & { readonly code?: string; readonly fix?: string };
  return new CommandFailure(error.message, { code: code ?? 'internal', exitCode, fix });
}

function hash(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  throw new InvalidArgumentError('64 hexadecimal digits');
}
