import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type KernelChoice, kernelChoices } from '@concordat/node';
import { type ClientMaskResult, measureClientMask, measureServerUnmask } from './client-mask.js';

const usage = `npm run bench -- secagg [--json] [--participants 100] [--parameters 1000000] [--bits 24] [--kernels auto] [--repeats 5]

  secagg   client-mask: what a client spends to mask one update · server-unmask-1: what a coordinator spends on one thread to unmask a
           sum with a tenth dropped out; each beside node:crypto's AES-256-CTR rate of the same run
`;

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(args);
  } catch (error) {
    return refuse(args.includes('--json'), error instanceof Error ? error.message : String(error));
  }
  const results = [measureClientMask(options.mask), measureServerUnmask(options.mask)];
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ schemaVersion: 1, status: 'ok', data: { machine, results } })}\n`);
  } else {
    process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n`);
    for (const result of results) process.stdout.write(`${sentence(result)}\n`);
  }
  return 0;
}

function optionsOf(args: readonly string[]) {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      participants: { type: 'string', default: '100' },
      parameters: { type: 'string', default: '1000000' },
      bits: { type: 'string', default: '24' },
      kernels: { type: 'string', default: 'auto' },
      repeats: { type: 'string', default: '5' },
    },
  });
  if (positionals.length !== 1 || positionals[0] !== 'secagg') throw new Error('name one benchmark: secagg');
  const bits = count(values.bits, '--bits');
  if (bits !== 16 && bits !== 24 && bits !== 32) throw new Error('--bits is 16, 24 or 32');
  if (!isKernelChoice(values.kernels)) throw new Error(`--kernels is ${kernelChoices.join(', ')}`);
  return {
    json: values.json,
    mask: {
      participants: count(values.participants, '--participants'),
      parameters: count(values.parameters, '--parameters'),
      bits,
      kernels: values.kernels,
      repeats: count(values.repeats, '--repeats'),
    } as const,
  };
}

function isKernelChoice(text: string): text is KernelChoice {
  return (kernelChoices as readonly string[]).includes(text);
}

function count(text: string, option: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new Error(`${option} is a whole number from 1, not ${JSON.stringify(text)}`);
  return Number(text);
}

function refuse(json: boolean, message: string): number {
  const error = { code: 'invalid-argument', message, fix: usage.trim() };
  if (json) process.stdout.write(`${JSON.stringify({ schemaVersion: 1, status: 'error', error })}\n`);
  else process.stderr.write(`${message}\n\n${usage}`);
  return 4;
}

function sentence(result: ClientMaskResult): string {
  const gigabytes = (bytesPerSecond: number) => `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`;
  return [
    `${result.name}: n = ${result.participants}, d = ${result.parameters}, b = ${result.bits}, ${result.keystreams} keystreams, ${result.kernels} kernels`,
    `${result.wallMillis.toFixed(0)} ms (cpu ${result.cpuMillis.toFixed(0)} ms), ${gigabytes(result.bytesPerSecond)}`,
    `limit ${result.limit.wallMillis.toFixed(0)} ms (cpu ${result.limit.cpuMillis.toFixed(0)} ms), ${gigabytes(result.limit.bytesPerSecond)}: ${result.limit.name}`,
    `${result.timesLimit.toFixed(2)} times the limit`,
  ].join('\n  ');
}
