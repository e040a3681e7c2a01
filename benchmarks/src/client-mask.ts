import { createCipheriv, createHash } from 'node:crypto';
import { addKeystreams, bounds, type Kernels, layoutOf, type MaskKey } from '@concordat/core';
import { chooseKernels, type KernelChoice, nodeCrypto } from '@concordat/node';
import { measureTogether } from './measure.js';

type MaskingName = 'client-mask' | 'server-unmask-1';

export interface ClientMaskOptions {
  /** n: participants of the session; n keystreams are added, the own one included. */
  readonly participants: number;
  /** d: model lanes. */
  readonly parameters: number;
  /** b: width of a lane. */
  readonly bits: 16 | 24 | 32;
  /** `auto` unless said. */
  readonly kernels?: KernelChoice;
  readonly repeats: number;
}

/** A measured claim beside its physical limit. */
export interface ClientMaskResult extends Omit<ClientMaskOptions, 'kernels'> {
  readonly name: MaskingName;
  readonly kernels: Kernels['name'];
  /** Keystreams added. */
  readonly keystreams: number;
  /** Bytes expanded and added: keystreams · length of the packed vector. */
  readonly keystreamBytes: number;
  readonly wallMillis: number;
  readonly cpuMillis: number;
  readonly bytesPerSecond: number;
  readonly limit: {
    readonly name: 'aes-256-ctr of node:crypto, same bytes, same run';
    readonly wallMillis: number;
    readonly cpuMillis: number;
    readonly bytesPerSecond: number;
  };
  /** wallMillis over the limit's: 1 would be free addition. */
  readonly timesLimit: number;
}

/**
 * What a client spends to mask one update: every keystream expanded and added in its ring, beside what expanding alone costs.
 * Medians over `repeats` turns; both are measured turn by turn in one process and one thread.
 */
export function measureClientMask(options: ClientMaskOptions): ClientMaskResult {
  return measureMasking('client-mask', options.participants, options);
}

/**
 * What a coordinator spends on one thread to take the masks out of a sum when a tenth of the cohort dropped out: a self mask for each
 * survivor, and one for each pair of a survivor and a dropout.
 */
export function measureServerUnmask(options: ClientMaskOptions): ClientMaskResult {
  const dropouts = Math.floor(options.participants / 10);
  const survivors = options.participants - dropouts;
  return measureMasking('server-unmask-1', survivors * (1 + dropouts), options);
}

function measureMasking(name: MaskingName, keystreams: number, options: ClientMaskOptions): ClientMaskResult {
  const layout = layoutOf([
    { name: 'model', length: options.parameters, bits: options.bits, quantBits: 8, bound: 1, kind: 'model' },
  ]);
  const vector = new Uint8Array(layout.lengthBytes);
  const maskKeys = Array.from(
    { length: keystreams },
    (_, v): MaskKey => ({
      key: createHash('sha256').update(`benchmark mask ${v}`).digest(),
      sign: v % 2 === 0 ? 1 : -1,
    }),
  );
  const kernels = chooseKernels(options.kernels);
  const mask = () => addKeystreams(nodeCrypto, layout, vector, maskKeys, { kernels });
  const expand = () => expandOnly(maskKeys, vector.length);
  const [masked, expanded] = measureTogether([mask, expand], options.repeats);
  const keystreamBytes = vector.length * keystreams;
  const rate = (wallMillis: number) => Math.round(keystreamBytes / (wallMillis / 1000));
  return {
    name,
    ...options,
    keystreams,
    kernels: kernels.name,
    keystreamBytes,
    ...masked!,
    bytesPerSecond: rate(masked!.wallMillis),
    limit: {
      name: 'aes-256-ctr of node:crypto, same bytes, same run',
      ...expanded!,
      bytesPerSecond: rate(expanded!.wallMillis),
    },
    timesLimit: masked!.wallMillis / expanded!.wallMillis,
  };
}

// One cipher for each key and one update for each chunk: the fastest way node:crypto offers to make these bytes.
function expandOnly(maskKeys: readonly MaskKey[], lengthBytes: number): void {
  const zeros = new Uint8Array(bounds.chunkBytes);
  for (const { key } of maskKeys) {
    const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
    for (let at = 0; at < lengthBytes; at += zeros.length) {
      cipher.update(zeros.subarray(0, Math.min(zeros.length, lengthBytes - at)));
    }
  }
}
