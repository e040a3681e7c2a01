import { FederatedError, type Kernels, plainKernels } from '@concordat/core';
import { loadWasmKernels } from './wasm-kernels.js';

/** `auto`: WebAssembly where it can run. */
export const kernelChoices = ['auto', 'wasm', 'plain'] as const;

export type KernelChoice = (typeof kernelChoices)[number];

// One instance for each thread: its memory is half a megabyte, and every call leaves it empty.
let loaded: { readonly kernels: Kernels | undefined } | undefined;

/**
 * The loops over lanes to use.
 *
 * @throws `unavailable` when `wasm` is asked for and cannot run here.
 */
export function chooseKernels(choice: KernelChoice = 'auto'): Kernels {
  if (choice === 'plain') return plainKernels;
  loaded ??= { kernels: loadWasmKernels() };
  if (loaded.kernels !== undefined) return loaded.kernels;
  if (choice === 'auto') return plainKernels;
  throw new FederatedError('unavailable', 'the WebAssembly kernels cannot run here', {
    detail: { required: 'SIMD, a little-endian machine and kernels.wasm', offered: process.arch },
    fix: 'Leave kernels at auto, or build the package with npm run build.',
  });
}
