import type { DataSet } from './data-set.js';
import { readDeclaration } from './declaration.js';
import { openRecords } from './declared-records.js';
import { readIdxDirectory } from './idx-directory.js';
import { collectRecords } from './records.js';

/**
 * All records of a data directory: what its `data.yaml` declares, else IDX files in their usual places.
 *
 * @throws as `readDeclaration` and `collectRecords`, or as `readIdxDirectory`.
 */
export async function readDataDirectory(directory: string): Promise<DataSet> {
  const declaration = await readDeclaration(directory);
  return declaration === undefined ? readIdxDirectory(directory) : collectRecords(openRecords(declaration));
}
