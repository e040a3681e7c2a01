import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { type Origin, readProxyHeader } from './proxy-header.js';

/** How the first bytes of a connection from a proxy went. */
export type ProxiedSocket =
  | { readonly type: 'known'; readonly origin: Origin | undefined }
  /** There will be no header. Without a problem the other end just left. */
  | { readonly type: 'refused'; readonly problem: string | undefined };

/**
 * Read the header of the PROXY protocol from a connection, and nothing behind it: what came after it is the next that is read.
 *
 * @param deadlineMillis for all of the header.
 */
export function receiveProxyHeader(socket: Socket, deadlineMillis: number): Promise<ProxiedSocket> {
  return new Promise((resolve) => {
    let held = Buffer.alloc(0);
    const settle = (outcome: ProxiedSocket) => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('close', onClose);
      resolve(outcome);
    };
    const onClose = () => settle({ type: 'refused', problem: undefined });
    const onReadable = () => {
      for (let piece = socket.read(); piece !== null; piece = socket.read()) {
        // As long as more is wanted, what is held is shorter than the longest header.
        held = Buffer.concat([held, piece as Buffer]);
        const reading = readProxyHeader(held);
        if (reading.type === 'more') continue;
        if (reading.type === 'none') return settle({ type: 'refused', problem: reading.problem });
        const rest = held.subarray(reading.lengthBytes);
        if (rest.length > 0) socket.unshift(rest);
        return settle({ type: 'known', origin: reading.origin });
      }
    };
    const timer = setTimeout(() => {
      settle({ type: 'refused', problem: `no header of the PROXY protocol within ${deadlineMillis / 1000} s` });
    }, deadlineMillis);
    socket.on('readable', onReadable).on('close', onClose);
  });
}
