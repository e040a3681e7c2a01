import type { wire } from '@concordat/proto';
import { type CallContext, unary } from './handlers.js';
import { software, wireVersions } from './versions.js';

export interface HealthServiceOptions extends CallContext {
  readonly state: () => 'serving' | 'draining' | 'standby';
}

/** Health: what anyone who reaches the port may ask. */
export function healthService(options: HealthServiceOptions): wire.HealthHandlers {
  return {
    Check: unary<wire.HealthRequest__Output, wire.HealthReply>(options, () => ({
      state: options.state(),
      wireVersions: [...wireVersions],
      software,
    })),
  };
}
