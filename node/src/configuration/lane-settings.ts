import { chooseKernels, kernelChoices } from '../kernels/choose-kernels.js';
import { laneThreadsMax } from '../kernels/lane-threads.js';
import type { EffectiveSetting } from './effective.js';
import type { Problem } from './problem.js';

/** Which loops over lanes, declared for both runners. */
export const kernelsSetting = {
  kind: 'choice',
  choices: kernelChoices,
  key: 'kernels',
  flag: '--kernels <choice>',
  environment: 'CONCORDAT_KERNELS',
  default: 'auto',
  description: 'loops over lanes: WebAssembly where it can run, nothing else than WebAssembly, or plain TypeScript',
} as const;

/** How many threads beside the event loop; each runner says what for. */
export const threadsSetting = {
  kind: 'number',
  min: 1,
  max: laneThreadsMax,
  key: 'threads',
  flag: '--threads <n>',
  environment: 'CONCORDAT_THREADS',
} as const;

/**
 * What is wrong with the kernels that were asked for, on this machine.
 *
 * @param runs whether the WebAssembly kernels run here.
 */
export function kernelProblems(effective: readonly EffectiveSetting[], runs: () => boolean = wasmRuns): Problem[] {
  const asked = effective.find(({ setting }) => setting === kernelsSetting.key);
  if (asked?.value !== 'wasm' || runs()) return [];
  return [
    {
      severity: 'error',
      where: placeOf(asked),
      setting: kernelsSetting.key,
      required: 'a machine with WebAssembly SIMD and kernels.wasm in the package',
      offered: `${process.arch}, where they cannot run`,
      fix: 'Leave it at auto, or build the package with npm run build.',
    },
  ];
}

function wasmRuns(): boolean {
  return chooseKernels('auto').name === 'wasm';
}

function placeOf({ origin }: EffectiveSetting): string {
  switch (origin.type) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return origin.variable;
    case 'file':
      return `${origin.path}:${origin.line}`;
    case 'default':
    case 'unset':
      return 'default';
  }
}
