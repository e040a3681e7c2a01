import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** From now on this participant dials another address, `host:port`. */
export function moveTo(directory: string, address: string): void {
  const path = join(directory, 'enrolment.json');
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), address }));
}
