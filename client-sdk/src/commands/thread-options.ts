import type { ThreadOptions } from '../records-source.js';

/** How the thread that trains is to be, of settings that may be unset. */
export function threadOptions(engine: ThreadOptions['engine'], nice: number | undefined): ThreadOptions {
  return { ...(engine === undefined ? {} : { engine }), ...(nice === undefined ? {} : { nice }) };
}
