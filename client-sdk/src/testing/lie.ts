import type { CoordinatorMessage } from '@concordat/core';
import type { TestCoordinator } from './test-coordinator.js';

/** What a lying coordinator does to participants with a client. Those it plays are always told the truth. */
export interface Lie {
  /** What is sent in the place of an honest message: another, several, or nothing. */
  readonly down?: (honest: {
    readonly to: string;
    readonly message: CoordinatorMessage;
    readonly coordinator: TestCoordinator;
  }) => readonly CoordinatorMessage[];
  /** What is served in the place of these bytes. @param honest.digest SHA-256 that was asked for, base64url. */
  readonly blob?: (honest: {
    readonly to: string;
    readonly digest: string;
    readonly bytes: Uint8Array;
    readonly coordinator: TestCoordinator;
  }) => Uint8Array;
}
