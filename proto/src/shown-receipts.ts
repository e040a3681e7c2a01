import { bounds, type OfferedReceipt } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { signedFromWire } from './signed.js';

/** A page of a participant's receipts, none of them checked yet. */
export interface ReceiptsPage {
  readonly receipts: readonly OfferedReceipt[];
  /** Whether there are receipts after the last of these. */
  readonly more: boolean;
  /** The highest client epoch the coordinator has seen; 0 before the first check-in. */
  readonly clientEpoch: number;
}

/** Where a page begins: after this receipt. */
export interface ReceiptPlace {
  readonly runId: string;
  readonly round: number;
  readonly step: string;
}

export function receiptsPageToWire({ receipts, more, clientEpoch }: ReceiptsPage): wire.ReceiptsReply {
  return { receipts: shownReceiptsToWire(receipts), more, clientEpoch };
}

/** @throws `malformed` out of bounds. */
export function receiptsPageFromWire(value: wire.ReceiptsReply__Output): ReceiptsPage {
  return {
    receipts: shownReceiptsFromWire(value.receipts, bounds.receiptsPageMax),
    more: value.more === true,
    clientEpoch: field.integer(value.clientEpoch, 0, bounds.clientEpochMax, 'clientEpoch'),
  };
}

/** @returns undefined for the first page. @throws `malformed` out of bounds. */
export function receiptPlaceFromWire(value: wire.ReceiptsRequest__Output): ReceiptPlace | undefined {
  if (value.runId === '') return undefined;
  return {
    runId: field.id(value.runId, 'runId'),
    round: field.integer(value.round, 0, bounds.roundsMax, 'round'),
    step: field.word(value.step, 'step'),
  };
}

export function shownReceiptsToWire(receipts: readonly OfferedReceipt[]): wire.ShownReceipt[] {
  return receipts.map(({ receipt, baseModelHash }) => ({ receipt, baseModelHash: baseModelHash ?? new Uint8Array(0) }));
}

/** @throws `malformed` out of bounds. */
export function shownReceiptsFromWire(
  value: readonly wire.ShownReceipt__Output[] | undefined,
  most: number,
): readonly OfferedReceipt[] {
  return field.list(value, 0, most, 'receipts').map(({ receipt, baseModelHash }) => ({
    receipt: signedFromWire(receipt, bounds.certificateBytesMax),
    ...((baseModelHash?.length ?? 0) === 0 ? {} : { baseModelHash: field.hashBytes(baseModelHash, 'baseModelHash') }),
  }));
}
