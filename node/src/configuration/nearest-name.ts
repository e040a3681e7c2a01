const lengthMax = 80;

/**
 * The known name that was probably meant: the one with the fewest letters to add, drop, exchange or replace.
 *
 * @returns undefined when none is nearer than a third of the name's length.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > lengthMax) return undefined;
  let nearest: string | undefined;
  let least = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein's distance, two neighbours exchanged counting once (Damerau's, restricted). */
function editDistance(a: string, b: string): number {
  let [older, old]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = old[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(replaced, old[j]! + 1, row[j - 1]! + 1, swapped ? older[j - 2]! + 1 : replaced));
    }
    [older, old] = [old, row];
  }
  return old[b.length]!;
}
