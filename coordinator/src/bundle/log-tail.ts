import { open } from 'node:fs/promises';

const bytesMax = 512 * 1024;

/** The end of a log file: at most half a megabyte, from the beginning of a line. */
export async function logTail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - bytesMax);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.min(size, bytesMax)),
      0,
      Math.min(size, bytesMax),
      from,
    );
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}
