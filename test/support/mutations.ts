/** Every copy of `value` in which one byte string or number differs: emptied, lengthened, one bit flipped; negative, fractional, huge. */
export function mutationsOf<T>(value: T): readonly T[] {
  return variants(value) as readonly T[];
}

function variants(value: unknown): readonly unknown[] {
  if (value instanceof Uint8Array) return bytesVariants(value);
  if (typeof value === 'number') return [-1, 0.5, value + 1, 2 ** 40, Number.NaN];
  if (Array.isArray(value)) {
    const changed = value.flatMap((entry, i) => variants(entry).map((variant) => replaced(value, i, variant)));
    return [...changed, [], [...value, ...value], value.slice(1)];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, entry]) =>
    variants(entry).map((variant) => ({ ...(value as object), [name]: variant })),
  );
}

function bytesVariants(bytes: Uint8Array): readonly Uint8Array[] {
  const flipped = bytes.slice();
  if (flipped.length > 0) flipped[flipped.length >> 1]! ^= 1;
  return [new Uint8Array(0), Uint8Array.of(...bytes, 0), flipped];
}

/** A copy of a list with one entry replaced. */
export function replaced<T>(list: readonly T[], index: number, entry: T): readonly T[] {
  return list.map((kept, i) => (i === index ? entry : kept));
}
