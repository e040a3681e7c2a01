import { equalBytes, toHex } from '../../bytes.js';
import type { CryptoPort } from '../../crypto/port.js';
import { contradiction, readSigned } from '../../secagg/signing.js';
import type { ReceiptBody, SessionCodec, Signed } from '../../wire/messages.js';
import type { ParticipationRecord } from './contract.js';

/** A receipt as the coordinator shows it again, not yet checked. */
export interface OfferedReceipt {
  readonly receipt: Signed;
  /** For step `ready`: what the receipt's digest is the digest of. */
  readonly baseModelHash?: Uint8Array;
}

/** What a receipt proves: this participant did this step, and the coordinator holds it. */
export interface ProvedStep {
  readonly runId: string;
  /** 0 for `approve`. */
  readonly round: number;
  readonly step: string;
  /** With `ready`: the model that the round trains from. */
  readonly baseModelHash?: Uint8Array;
}

export interface ProofPorts {
  readonly crypto: CryptoPort;
  readonly codec: Pick<SessionCodec, 'receipt'>;
  /** Ed25519, from the roster that the participant holds. */
  readonly coordinatorKey: Uint8Array;
  readonly participantId: string;
}

/**
 * Check a receipt of this participant.
 *
 * @throws `verification` (rule `receipt`) when the coordinator did not sign it, when it is somebody else's, or when its base
 *   model is missing or another; `malformed`.
 */
export function proveStep(ports: ProofPorts, { receipt, baseModelHash }: OfferedReceipt): ProvedStep {
  const { crypto, codec, coordinatorKey, participantId } = ports;
  const expected = { label: 'CSA1/receipt', publicKey: coordinatorKey, rule: 'receipt' } as const;
  const { runId, round, step, ...body }: ReceiptBody = readSigned(crypto, codec.receipt, receipt, expected);
  if (body.participantId !== participantId) {
    const facts = { required: participantId, offered: body.participantId };
    throw contradiction('receipt', 'the receipt is for another participant', facts);
  }
  if (step !== 'ready') return { runId, round, step };
  if (baseModelHash === undefined || !equalBytes(crypto.sha256(baseModelHash), body.contentDigest)) {
    throw contradiction('receipt', 'the receipt of a ready update does not come with its base model', {
      required: toHex(body.contentDigest),
      offered: baseModelHash === undefined ? 'no base model' : toHex(crypto.sha256(baseModelHash)),
      runId,
      round,
    });
  }
  return { runId, round, step, baseModelHash };
}

/** Which steps a journal holds, some bytes for each round: what is compared with receipts, however long a client lives. */
export class JournalledSteps {
  /** Runs that were approved, or recovered. */
  readonly #runs = new Set<string>();
  /** Run → rounds up to here are covered by a recovery. */
  readonly #recovered = new Map<string, number>();
  /** Run → round → types of its records, a bit for each. */
  readonly #rounds = new Map<string, Map<number, number>>();
  readonly #bits = new Map<string, number>();

  /** @param records oldest first, of every run. */
  static of(records: readonly ParticipationRecord[]): JournalledSteps {
    const steps = new JournalledSteps();
    for (const record of records) steps.note(record);
    return steps;
  }

  note(record: ParticipationRecord): void {
    if (record.type === 'recovered') {
      for (const { runId, round } of record.rounds) {
        this.#runs.add(runId);
        this.#recovered.set(runId, Math.max(this.#recovered.get(runId) ?? 0, round));
      }
    } else if (record.type === 'approved') this.#runs.add(record.runId);
    else this.#hold(record, record.type === 'session' ? record.record.type : record.type);
  }

  /**
   * What receipts prove and the journal does not hold: then the journal is older than what this participant did, and going on
   * from it could answer something twice.
   *
   * @returns the first such step; undefined when the journal holds everything.
   */
  forgotten(proved: readonly ProvedStep[]): ProvedStep | undefined {
    return proved.find(({ runId, round, step }) => {
      if (step === 'approve') return !this.#runs.has(runId);
      // Nothing is promised by these: neither needs a record.
      if (step === 'ready' || step === 'decline') return false;
      if (round <= (this.#recovered.get(runId) ?? 0)) return false;
      return !this.#holds(runId, round, recordOf(step));
    });
  }

  /** The last round of a run whose session was entered; 0 when none was. */
  lastEntered(runId: string): number {
    let last = 0;
    for (const round of this.#rounds.get(runId)?.keys() ?? []) {
      if (round > last && this.#holds(runId, round, 'session-entered')) last = round;
    }
    return last;
  }

  #hold({ runId, round }: { readonly runId: string; readonly round: number }, type: string): void {
    if (!this.#bits.has(type)) this.#bits.set(type, 1 << this.#bits.size);
    if (!this.#rounds.has(runId)) this.#rounds.set(runId, new Map());
    const rounds = this.#rounds.get(runId)!;
    rounds.set(round, (rounds.get(round) ?? 0) | this.#bits.get(type)!);
  }

  #holds(runId: string, round: number, type: string): boolean {
    return ((this.#rounds.get(runId)?.get(round) ?? 0) & (this.#bits.get(type) ?? 0)) !== 0;
  }
}

/**
 * The maximum of what receipts prove, as the one record that `recover` writes.
 *
 * @throws `verification` when a session was entered and no receipt says on which base model: it could not be barred.
 */
export function recoveredRecord(proved: readonly ProvedStep[]): Extract<ParticipationRecord, { type: 'recovered' }> {
  const rounds = new Map<string, number>();
  const bases = new Map<string, Uint8Array>();
  for (const { runId, round, baseModelHash } of proved) {
    rounds.set(runId, Math.max(rounds.get(runId) ?? 0, round));
    if (baseModelHash !== undefined) bases.set(`${runId}/${round}`, baseModelHash);
  }
  for (const { runId, round, step } of proved) {
    if (round === 0 || step === 'decline' || bases.has(`${runId}/${round}`)) continue;
    throw contradiction('receipt', `no receipt names the base model of round ${round} of run ${runId}`, {
      required: 'the receipt of its ready update',
      offered: `one of ${step}`,
      runId,
      round,
    });
  }
  return {
    type: 'recovered',
    rounds: [...rounds].map(([runId, round]) => ({ runId, round })),
    bases: distinct([...bases].map(([key, baseModelHash]) => ({ runId: key.split('/')[0]!, baseModelHash }))),
  };
}

type Base = { readonly runId: string; readonly baseModelHash: Uint8Array };

/** Abandoned rounds share their base model. */
function distinct(bases: readonly Base[]): readonly Base[] {
  return [...new Map(bases.map((base) => [`${base.runId}/${String(base.baseModelHash)}`, base])).values()];
}

/** The record that is durable before the answer to a step leaves. A step this version does not know needs the session at least. */
function recordOf(step: string): string {
  switch (step) {
    case 'share':
      return 'cohort-accepted';
    case 'confirm':
      return 'boxes-confirmed';
    case 'upload':
      return 'contributed';
    case 'certify':
      return 'survivors-signed';
    case 'reveal':
      return 'revealed';
    case 'abort':
      return 'abort-signed';
    case 'result':
      return 'result-signed';
    case 'disputed':
      return 'disputed';
    default:
      return 'session-entered';
  }
}
