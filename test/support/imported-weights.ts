import { type LayersModel, writeTfjsDirectory } from '@concordat/client-sdk';
import { runCommand } from 'concordat';

/** What `model import` said. */
export interface Imported {
  readonly exitCode: number;
  readonly data: { readonly layers: number; readonly parameters: number };
  readonly error: { readonly code: string; readonly message: string; readonly fix: string };
}

/** Import a file of weights into a model, which is written to `directory` before. @returns what the command prints under --json. */
export async function imported(
  directory: string,
  model: LayersModel,
  weights: string,
  ...flags: string[]
): Promise<Imported> {
  await writeTfjsDirectory(directory, model);
  const printed: string[] = [];
  const stdout = { write: (text: string) => printed.push(text) };
  const exitCode = await runCommand(
    ['model', 'import', '--model', directory, '--weights', weights, '--json', ...flags],
    { stdout, stderr: stdout, environment: {}, signal: new AbortController().signal },
  );
  return { exitCode, ...JSON.parse(printed.join('')) };
}
