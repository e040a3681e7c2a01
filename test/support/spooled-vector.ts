import type { Spool, SpoolKey } from '@concordat/coordinator';
import { vectorRoot } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

/** Put a whole vector in the spool, as an upload does. */
export async function spoolVector(spool: Spool, key: SpoolKey, vector: Uint8Array): Promise<void> {
  const merkleRoot = vectorRoot(nodeCrypto, vector);
  const partial = await spool.resume({ ...key, lengthBytes: vector.length, merkleRoot });
  if (partial === 'complete') return;
  await partial.append(vector);
  await partial.commit();
}
