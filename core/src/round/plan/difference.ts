import { printable } from '../../text.js';
import type { Plan } from '../plan.js';

/** A field in which two plans differ, as people read it; a side without it says `(none)`. */
export interface PlanDifference {
  /** Dotted, e.g. `cohort.min` or `metrics[accuracy].max`; the order of a list of names is a field of its own. */
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

const absent = '(none)';
const charactersMax = 200;

/** Every field in which two plans differ, in the order of the later plan's fields, then what is gone. Equal plans differ in none. */
export function comparePlans(before: Plan, after: Plan): readonly PlanDifference[] {
  const [earlier, later] = [leavesOf(before), leavesOf(after)];
  const fields = new Set([...later.keys(), ...earlier.keys()]);
  return [...fields].flatMap((field) => {
    const [was, is] = [earlier.get(field), later.get(field)];
    return was === is ? [] : [{ field, before: short(was), after: short(is) }];
  });
}

/** A difference as a line: `cohort.min: 5 → 4`. */
export function differenceLine({ field, before, after }: PlanDifference): string {
  return `${printable(field)}: ${before} → ${after}`;
}

/**
 * Dotted path → the value as JSON. Lists of numbers and of words are one value. Items with names are told apart by these, so that one that is
 * added in front does not change all behind it; their order is a value too.
 */
function leavesOf(plan: Plan): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  collect(leaves, '', plan);
  return leaves;
}

function collect(leaves: Map<string, string>, path: string, value: unknown): void {
  // An empty list says no more than none.
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return;
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || (Array.isArray(value) && !value.some((item) => typeof item === 'object'))) {
    leaves.set(path, JSON.stringify(value));
    return;
  }
  if (Array.isArray(value)) {
    const names = namesOf(value);
    for (const [i, item] of value.entries()) collect(leaves, `${path}[${names?.[i] ?? i}]`, item);
    if (names !== undefined) leaves.set(`${path} (order)`, names.join(', '));
    return;
  }
  for (const [name, member] of Object.entries(value)) collect(leaves, path === '' ? name : `${path}.${name}`, member);
}

/** Names of the items of a list, where each has one of its own. */
function namesOf(items: readonly unknown[]): readonly string[] | undefined {
  const names = items.map((item) => (item as { readonly name?: unknown } | null)?.name);
  const isNamed = names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  return isNamed ? (names as string[]) : undefined;
}

function short(json: string | undefined): string {
  if (json === undefined) return absent;
  const text = printable(json);
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}
