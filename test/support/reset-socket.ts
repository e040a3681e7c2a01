import type { Socket } from 'node:net';

/**
 * Cut a connection as a lost machine does: with a reset. A socket whose end is under way is destroyed instead: Node would keep its handle
 * for ever, and the process would spin when it should exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
