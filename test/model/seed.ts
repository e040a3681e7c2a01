/** The seed of this run: `CONCORDAT_MODEL_SEED`, or the one that every run of the suite uses. Test titles print it. */
export function printedSeed(): number {
  const chosen = Number(process.env.CONCORDAT_MODEL_SEED ?? 20_260_101);
  if (!Number.isSafeInteger(chosen)) throw new Error('CONCORDAT_MODEL_SEED is a whole number');
  return chosen;
}
