/** The training engines, fastest first. In a file of its own: `engine.ts` speaks tfjs, whose types need a browser's. */
export const engineNames = ['onnxruntime', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const;

/** Those that train every model that tfjs builds. */
export const tfjsEngineNames = ['tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const satisfies readonly EngineName[];

/** One of {@link engineNames}. */
export type EngineName = (typeof engineNames)[number];
