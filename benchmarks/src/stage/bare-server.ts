import { join } from 'node:path';
import { defaultWindows } from '@concordat/node';
import type { Question } from '../measurement.js';
import type { BareServerQuestion } from './bare-server-program.js';
import type { ResidentBytes } from './memory.js';
import { OtherProcess } from './other-process.js';
import { openHttp2, type RawLine } from './raw-lines.js';
import { makeParties } from './tls-parties.js';

/**
 * How much a process grows over idle that serves the bytes of one round and nothing else: HTTP/2 of Node over mutual TLS, the same
 * connections, receive windows of connections that wait their turn. Everybody fetches a model, sends a vector, and fetches the next model,
 * all at once; the server has neither the model nor the vectors in memory.
 *
 * @throws `unavailable` where there is no Linux /proc.
 */
export async function growthOfBareServer({ participants, parameters, bits }: Question): Promise<number> {
  const parties = await makeParties();
  const server = new OtherProcess<BareServerQuestion>(join(import.meta.dirname, 'bare-server-program.js'));
  const lines: RawLine[] = [];
  try {
    const port = await server.ask<number>({ type: 'open', parties, windowBytes: defaultWindows.waitingBytes });
    for (let i = 0; i < participants; i++) lines.push(await openHttp2(port, parties));
    await Promise.all(lines.map((line) => line.ping()));
    const { now: idleBytes } = await server.ask<ResidentBytes>({ type: 'idle' });
    const modelBytes = 4 * parameters;
    const vectorBytes = (bits / 8) * parameters;
    await Promise.all(lines.map((line) => line.down(modelBytes)));
    await Promise.all(lines.map((line) => line.up(vectorBytes)));
    await Promise.all(lines.map((line) => line.down(modelBytes)));
    const { peak } = await server.ask<ResidentBytes>({ type: 'memory' });
    return Math.max(0, peak - idleBytes);
  } finally {
    for (const line of lines) line.close();
    await server.close();
  }
}
