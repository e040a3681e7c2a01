/** Names that a sentence lists; the rest are counted. */
const namesMax = 12;

/** "alpha, beta and gamma"; "nobody"; of many the first twelve "and 38 others". */
export function namesText(names: readonly string[]): string {
  if (names.length === 0) return 'nobody';
  if (names.length > namesMax) {
    return `${names.slice(0, namesMax).join(', ')} and ${names.length - namesMax} others`;
  }
  const last = names.at(-1);
  return names.length === 1 ? `${last}` : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** ", without delta and echo"; empty where nobody of `all` is missing. */
export function withoutText(all: readonly string[], here: readonly string[]): string {
  const present = new Set(here);
  const missing = all.filter((name) => !present.has(name));
  return missing.length === 0 ? '' : `, without ${namesText(missing)}`;
}
