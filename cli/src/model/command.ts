import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { OperatorClient } from '@concordat/coordinator';
import { type Command, InvalidArgumentError } from 'commander';
import { openClientSdk, openCoordinator } from '../doors.js';
import { badArguments, ourBug, printData } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import type { CommandIo } from '../io.js';
import { addImportCommand } from './import-command.js';

interface ExportFlags {
  readonly directory?: string;
  readonly run: string;
  readonly tfjs?: string;
  readonly safetensors?: string;
  readonly json?: true;
}

/** Add `model export` and `model import` to the program. The first needs the coordinator's operator client and the SDK's model formats. */
export function registerModelCommands(program: Command, io: CommandIo): void {
  const model = program.command('model').description('Models, for people and other programs.');
  model
    .command('export')
    .description('Fetch a published model as the operator; write it as a tfjs layers model and as safetensors.')
    .requiredOption('--run <id>', 'the run whose latest model it is', runId)
    .option(
      '--directory <directory>',
      "the consortium's directory, with operator/ in it (else CONCORDAT_DIRECTORY; default: .)",
    )
    .option('--tfjs <directory>', 'where to write model.json and weights.bin')
    .option('--safetensors <file>', 'where to write the weights alone')
    .option('--json', 'print one envelope')
    .action((flags: ExportFlags) => exportModel(flags, io));
  addImportCommand(model, io);
}

async function exportModel(flags: ExportFlags, io: CommandIo): Promise<void> {
  const { exitCodeOf, OperatorClient: Client, readOperatorKeys, readOperatorSettings } = await openCoordinator();
  const { readLayersModel, writeTfjsDirectory } = await openClientSdk();
  try {
    const { directory } = readOperatorSettings({ flags: { directory: flags.directory }, environment: io.environment });
    const client = new Client({ ...(await readOperatorKeys(directory)), correlationId: io.correlationId });
    const { topology, weights } = await latestModel(client, flags.run).finally(() => client.close());
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

/** Topology and weights that a run published last; the initial ones before the first round. */
async function latestModel(client: OperatorClient, run: string) {
  const { current, runs } = await client.status();
  // A run that goes on is newer in memory than in its record.
  const found = current?.run === run ? current : runs.find((other) => other.run === run);
  if (found === undefined) {
    const known = runs.map((other) => other.run).join(', ') || 'none';
    throw new CommandFailure(`there is no run ${run}; known: ${known}`, {
      code: 'invalid-argument',
      exitCode: badArguments,
      fix: 'Name a run that `concordat coordinator status` lists.',
    });
  }
  const digest = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  const [topology, weights] = await Promise.all([
    client.get(digest(found.topologyHash)),
    client.get(digest(found.modelHash)),
  ]);
  return { topology, weights };
}

function runId(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('a–z, 0–9 and hyphen');
}
