/** The training engines, fastest first. In a file of its own: `engine.ts` speaks tfjs, whose types need a browser's. */
export const engineNames = ['tfjs-node', 'tfjs-wasm', 'tfjs-cpu'] as const;

/** One of {@link engineNames}. */
export type EngineName = (typeof engineNames)[number];
