import { toHex } from '@concordat/core';
import type { Transaction } from 'kysely';
import { columnBytes, type Database, type Tables } from './database.js';

export interface InvitationRecord {
  readonly participant: string;
  readonly organization: string;
  /** SHA-256 of the one-time secret; the secret itself is only in the invitation file. */
  readonly secretHash: Uint8Array;
  readonly expiresMillis: number;
  readonly used: boolean;
}

export interface PendingEntry {
  readonly participant: string;
  readonly organization: string;
  readonly secretHash: Uint8Array;
  readonly identityKey: Uint8Array;
  /** PKCS #10, DER. */
  readonly certificateRequest: Uint8Array;
  readonly fingerprint: string;
  /** DER, leaf first; empty until admitted. */
  readonly certificateChain: readonly Uint8Array[];
}

/** Invitations and the entries they led to. */
export class AdmissionRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction of its event. A new invitation replaces unused older ones of the same participant. */
  async invite(transaction: Transaction<Tables>, record: InvitationRecord): Promise<void> {
    await transaction
      .deleteFrom('invitations')
      .where('participant', '=', record.participant)
      .where('used', '=', 0)
      .execute();
    const { participant, organization, secretHash, expiresMillis } = record;
    await transaction
      .insertInto('invitations')
      .values({ participant, organization, secret_hash: toHex(secretHash), expires_millis: expiresMillis, used: 0 })
      .execute();
  }

  async invitations(): Promise<InvitationRecord[]> {
    const rows = await this.#database.rows.selectFrom('invitations').selectAll().orderBy('participant').execute();
    return rows.map((row) => ({
      participant: row.participant,
      organization: row.organization,
      secretHash: Buffer.from(row.secret_hash, 'hex'),
      expiresMillis: row.expires_millis,
      used: row.used === 1,
    }));
  }

  /** Use up the invitation and leave the entry, in the transaction of the event. */
  async enrol(transaction: Transaction<Tables>, entry: PendingEntry): Promise<void> {
    await transaction
      .updateTable('invitations')
      .set({ used: 1 })
      .where('secret_hash', '=', toHex(entry.secretHash))
      .execute();
    const row = {
      participant: entry.participant,
      organization: entry.organization,
      secret_hash: toHex(entry.secretHash),
      identity_key: entry.identityKey,
      certificate_request: entry.certificateRequest,
      fingerprint: entry.fingerprint,
      certificate_chain: null,
    };
    await transaction
      .insertInto('pending')
      .values(row)
      .onConflict((same) => same.column('participant').doUpdateSet(row))
      .execute();
  }

  async pending(): Promise<PendingEntry[]> {
    const rows = await this.#database.rows.selectFrom('pending').selectAll().orderBy('participant').execute();
    return rows.map((row) => ({
      participant: row.participant,
      organization: row.organization,
      secretHash: Buffer.from(row.secret_hash, 'hex'),
      identityKey: columnBytes(row.identity_key),
      certificateRequest: columnBytes(row.certificate_request),
      fingerprint: row.fingerprint,
      certificateChain: row.certificate_chain === null ? [] : split(columnBytes(row.certificate_chain)),
    }));
  }

  /** Inside the transaction that stores the roster epoch without the participant: only a new invitation lets it in again. */
  async remove(transaction: Transaction<Tables>, participant: string): Promise<void> {
    await transaction.deleteFrom('invitations').where('participant', '=', participant).execute();
    await transaction.deleteFrom('pending').where('participant', '=', participant).execute();
  }

  /** Inside the transaction that stores the roster epoch naming the participant. */
  async admit(transaction: Transaction<Tables>, participant: string, chain: readonly Uint8Array[]): Promise<void> {
    await transaction
      .updateTable('pending')
      .set({ certificate_chain: join(chain) })
      .where('participant', '=', participant)
      .execute();
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.byteLength);
      return [length, part];
    }),
  );
}

function split(bytes: Uint8Array): Uint8Array[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < view.byteLength; ) {
    const length = view.readUInt32BE(at);
    parts.push(view.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
