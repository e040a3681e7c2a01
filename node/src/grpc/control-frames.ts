import { constants, type ServerHttp2Session } from 'node:http2';
import { bounds } from '@concordat/core';
import { type Clock, systemClock } from '../clock.js';

const windowMillis = 60_000;

/**
 * End a connection that sends too many PING and SETTINGS frames: each is answered, costs the peer next to nothing, and belongs to no call
 * that admission could refuse.
 *
 * nghttp2 ends a connection when a thousand answers have piled up; those of a server that keeps up never do.
 */
export function boundControlFrames(
  session: ServerHttp2Session,
  { monotonicMillis }: Pick<Clock, 'monotonicMillis'> = systemClock,
): void {
  let count = 0;
  let since = monotonicMillis();
  const take = (): void => {
    const now = monotonicMillis();
    if (now - since >= windowMillis) {
      since = now;
      count = 0;
    }
    count++;
    if (count <= bounds.controlFramesPerMinuteMax) return;
    session.destroy(new Error('too many PING and SETTINGS frames'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on('ping', take);
  session.on('remoteSettings', take);
}
