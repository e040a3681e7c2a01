import { createDecipheriv } from 'node:crypto';

/** Below 32 MiB, the largest block that moves the thresholds. */
const blockBytes = 30 * 1024 * 1024;

let kept = false;

/**
 * Let the C library keep memory that is freed: once in each thread, before the first long keystream.
 *
 * OpenSSL's output comes in new memory, and the collector frees some 25 MB of it at a time. glibc gives the top of its heap back to the
 * system whenever more than 128 KiB of it are free, and takes it again page by page, which costs more than the AES itself (half of the
 * processor's time of a masked update, measured). Both of its thresholds rise to the largest block above them that was ever freed
 * (mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD). Nothing in Node frees a block at will, but a decipher that refuses its input
 * does: unwrapping a key (RFC 3394) whose length is no multiple of 8. The block is never written, so it costs a system call. Up to
 * 60 MiB of free memory may stay with the process then. Where the C library is another one, or the output is not allocated first, this
 * changes nothing.
 */
export function keepFreedMemory(): void {
  if (kept) return;
  kept = true;
  const decipher = createDecipheriv('id-aes256-wrap', new Uint8Array(32), new Uint8Array(8));
  try {
    decipher.update(new Uint8Array(blockBytes + 1));
  } catch {
    // As intended.
  }
}
