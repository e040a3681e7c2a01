import type { Kind } from '../kind.js';
import { forked, members, restored } from './consortium.js';
import { cut, disputed, dropped, lost, lying, refused, short } from './losses.js';
import { asynchronous, grouped } from './modes.js';
import { drained, ended, paused } from './operated.js';
import { plain } from './plain.js';

/** Together they pass every durable write of a coordinator. */
export const kinds: readonly Kind[] = [
  plain,
  paused,
  ended,
  drained,
  lost,
  refused,
  dropped,
  lying,
  short,
  cut,
  disputed,
  grouped,
  asynchronous,
  members,
  forked,
  restored,
];
