import type { Kind } from '../kind.js';

/** Three rounds of everybody, every sum computed anew. */
export const plain: Kind = {
  name: 'plain',
  alone: [],
  play: async (stage) => stage.finish(await stage.begin('')),
};
