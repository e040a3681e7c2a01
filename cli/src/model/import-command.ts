import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LayersModel } from '@concordat/client-sdk';
import { type Command, InvalidArgumentError } from 'commander';
import { openClientSdk } from '../doors.js';
import { badArguments, printData } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import type { CommandIo } from '../io.js';
import { fitWeights } from './fit-weights.js';
import { notWeights, type WeightsFile } from './layer-weights.js';

interface ImportFlags {
  readonly model: string;
  readonly weights: string;
  readonly rename: ReadonlyMap<string, string>;
  readonly tfjs?: string;
  readonly safetensors?: string;
  readonly json?: true;
}

/** Add `model import`: weights that Keras or an ONNX file holds, in a layers model. */
export function addImportCommand(model: Command, io: CommandIo): void {
  model
    .command('import')
    .description(
      'Put the weights of a Keras file (.weights.h5, .h5) or of an ONNX file into a tfjs layers model of the same layers.',
    )
    .requiredOption('--model <directory>', 'the layers model: model.json, and weights that are replaced')
    .requiredOption('--weights <file>', 'what Keras or an exporter of ONNX wrote')
    .option(
      '--rename <in-file=in-model>',
      'a layer that Keras calls otherwise than the model; once for each',
      renamed,
      new Map<string, string>(),
    )
    .option('--tfjs <directory>', 'where to write model.json and weights.bin, for plan propose')
    .option('--safetensors <file>', 'where to write the weights alone')
    .option('--json', 'print one envelope')
    .action((flags: ImportFlags) => importWeights(flags, io));
}

async function importWeights(flags: ImportFlags, io: CommandIo): Promise<void> {
  const sdk = await openClientSdk();
  try {
    const file = await readWeights(resolve(flags.weights));
    const model = fitWeights(await sdk.readTfjsDirectory(flags.model), file, flags.rename);
    const written: { tfjs?: string; safetensors?: string } = {};
    if (flags.tfjs !== undefined) {
      written.tfjs = resolve(flags.tfjs);
      await mkdir(written.tfjs, { recursive: true });
      await sdk.writeTfjsDirectory(written.tfjs, model);
    }
    if (flags.safetensors !== undefined) {
      written.safetensors = resolve(flags.safetensors);
      await mkdir(dirname(written.safetensors), { recursive: true });
      await writeFile(written.safetensors, sdk.encodeLayersModel(model).weights);
    }
    const data = { layers: file.layers.length, parameters: parametersOf(model), ...written };
    if (flags.json === true) printData(io, data);
    else io.stdout.write(`${lineOf(data)}\n`);
  } catch (error) {
    throw known(error);
  }
}

async function readWeights(path: string): Promise<WeightsFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const code = (cause as { readonly code?: string }).code ?? 'unreadable';
    throw new CommandFailure(`cannot read ${path} (${code})`, {
      code: 'invalid-argument',
      exitCode: badArguments,
      fix: 'Name a file that Keras or an exporter of ONNX wrote.',
    });
  });
  // Every command loads this file; the readers and what they are made with, this one alone.
  if (bytes.subarray(0, 4).equals(hdf5)) return (await import('./keras-weights.js')).readKerasWeights(bytes);
  if (bytes.subarray(0, 2).equals(zip)) {
    throw notWeights(
      'this is an archive, as model.save("….keras") writes one',
      'Unpack it, and name model.weights.h5 of it.',
    );
  }
  return (await import('./onnx-weights.js')).readOnnxWeights(bytes);
}

/** What such files begin with. */
const hdf5 = Buffer.from('\x89HDF', 'latin1');
const zip = Buffer.from('PK', 'latin1');

function lineOf({
  layers,
  parameters,
  tfjs,
  safetensors,
}: {
  readonly layers: number;
  readonly parameters: number;
  readonly tfjs?: string;
  readonly safetensors?: string;
}): string {
  const written = [tfjs, safetensors].filter((path) => path !== undefined);
  const count = `${parameters.toLocaleString('en')} parameters in ${layers} layers fit the model`;
  return written.length === 0
    ? `${count}. Nothing was written: say --tfjs or --safetensors.`
    : `${count}: ${written.join(', ')}`;
}

function parametersOf({ tensors }: LayersModel): number {
  return tensors.reduce((sum, { values }) => sum + values.length, 0);
}

function renamed(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('IN-FILE=IN-MODEL');
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]]);
}

/** A refusal of the SDK as ours; anything else stays what it is. */
function known(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'FederatedError') return error;
  const { code, fix } = error as Error & { readonly code: string; readonly fix: string };
  return new CommandFailure(error.message, { code, exitCode: code === 'invalid-argument' ? badArguments : 1, fix });
}
