import {
  type CryptoPort,
  decodeRoster,
  FederatedError,
  type Roster,
  type RosterMember,
  type RosterView,
  rosterView,
  type Signed,
  type SignedRoster,
  type Signer,
  signRoster,
  toHex,
  verifyRoster,
} from '@concordat/core';
import type { Transaction } from 'kysely';
import type { Tables } from './store/database.js';
import type { JournalEntry } from './store/journal.js';
import type { Store } from './store/store.js';

export interface RosterKeeperOptions {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly consortium: string;
  readonly rootKey: Uint8Array;
  /** Certified by the root; signs epochs. */
  readonly rosterKey: Signer;
  readonly certificate: Signed;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
}

/** The roster in force. */
export interface CurrentRoster {
  readonly roster: Roster;
  /** SHA-256 of the document. */
  readonly hash: Uint8Array;
  readonly signed: SignedRoster;
  /** Participants whose entry counts now. */
  readonly view: RosterView;
}

/** Keeps the chain of roster epochs and signs the next one. */
export class RosterKeeper {
  #options: RosterKeeperOptions;
  #roster: Roster;
  #hash: Uint8Array;
  #signed: SignedRoster;

  private constructor(options: RosterKeeperOptions, signed: SignedRoster) {
    const { crypto, rootKey, consortium, wallMillis } = options;
    const { roster, hash } = verifyRoster(crypto, signed, { rootKey, consortium, now: wallMillis() });
    this.#options = options;
    this.#roster = roster;
    this.#hash = hash;
    this.#signed = signed;
  }

  /** Sign and store epoch 1 of a new consortium. */
  static async found(options: RosterKeeperOptions, roster: Roster): Promise<RosterKeeper> {
    const { crypto, rosterKey, certificate, store } = options;
    const signed = signRoster(crypto, rosterKey, roster, certificate);
    const keeper = new RosterKeeper(options, signed);
    await append(store, keeper.current());
    return keeper;
  }

  /** @throws `state-lost` without an epoch; `verification` when the roster key's certificate ran out or a signature is wrong. */
  static async open(options: RosterKeeperOptions): Promise<RosterKeeper> {
    const latest = await options.store.rosters.latest();
    if (latest === undefined) {
      throw new FederatedError('state-lost', 'the store holds no roster', {
        fix: 'Restore the store from a copy, or found a consortium: concordat coordinator init.',
      });
    }
    const { body, signature } = latest;
    return new RosterKeeper(options, { document: { body, signature }, rosterKey: options.certificate });
  }

  /**
   * Show epochs with this certificate of the roster key from now on.
   *
   * @throws `verification` unless the root signed it, for this key and consortium, and it is valid now.
   */
  certify(certificate: Signed): void {
    const { crypto, rootKey, consortium, wallMillis } = this.#options;
    const signed = { document: this.#signed.document, rosterKey: certificate };
    verifyRoster(crypto, signed, { rootKey, consortium, now: wallMillis() });
    this.#options = { ...this.#options, certificate };
    this.#signed = signed;
  }

  get consortium(): string {
    return this.#roster.consortium;
  }

  current(): CurrentRoster {
    const view = rosterView(this.#roster, this.#options.wallMillis());
    return { roster: this.#roster, hash: this.#hash, signed: this.#signed, view };
  }

  /**
   * The participants of an epoch that a run is held to; it need not be the newest.
   *
   * @throws `state-lost` for an epoch that is not stored; `verification` when its signature is wrong.
   */
  async viewOf(hash: Uint8Array): Promise<RosterView> {
    const { store, crypto, rootKey, consortium, certificate, wallMillis } = this.#options;
    const stored = await store.rosters.byHash(hash);
    if (stored === undefined) {
      throw new FederatedError('state-lost', 'the store does not hold the roster epoch of the run', {
        detail: { rosterHash: toHex(hash) },
        fix: 'Restore the store from a copy.',
      });
    }
    const { body, signature } = stored;
    const now = wallMillis();
    const signed = { document: { body, signature }, rosterKey: certificate };
    const { roster } = verifyRoster(crypto, signed, { rootKey, consortium, now });
    return rosterView(roster, now);
  }

  /** A participant whose entry counts now. */
  participant(id: string): RosterMember | undefined {
    const now = this.#options.wallMillis();
    return this.#roster.members.find(
      (member) =>
        member.participantId === id &&
        member.role === 'participant' &&
        member.notBefore <= now &&
        now < member.notAfter,
    );
  }

  /** Key that an operator signs plans with. */
  operator(id: string): Uint8Array | undefined {
    return this.#roster.operators.find((operator) => operator.id === id)?.publicKey;
  }

  /**
   * Sign the next epoch with this member in it; an older entry of the same id is replaced.
   *
   * @param alongside rows written in the same transaction.
   */
  async admit(
    member: RosterMember,
    alongside: (transaction: Transaction<Tables>) => Promise<void>,
  ): Promise<CurrentRoster> {
    return this.#succeed([...this.#others(member.participantId), member], alongside);
  }

  /** Sign the next epoch without this participant, which may be let in again. */
  async suspend(participant: string): Promise<CurrentRoster> {
    return this.#succeed(this.#others(participant), async () => undefined);
  }

  /** Sign the next epoch without this participant, for good. @param alongside as for {@link admit}. */
  async revoke(
    participant: string,
    alongside: (transaction: Transaction<Tables>) => Promise<void>,
  ): Promise<CurrentRoster> {
    // An epoch does not tell a revocation from a suspension.
    const body = Buffer.from(JSON.stringify({ participant }));
    return this.#succeed(this.#others(participant), alongside, [{ run: '', round: 0, kind: 'revoked', body }]);
  }

  /** The entry of a participant in the last epoch that named it; undefined when none did. */
  async lastEntry(participant: string): Promise<RosterMember | undefined> {
    for (let roster = this.#roster; ; ) {
      const entry = roster.members.find(({ participantId }) => participantId === participant);
      if (entry !== undefined || roster.previousHash === undefined) return entry;
      const before = await this.#options.store.rosters.byHash(roster.previousHash);
      if (before === undefined) return undefined;
      roster = decodeRoster(before.body);
    }
  }

  #others(participant: string): RosterMember[] {
    return this.#roster.members.filter(({ participantId }) => participantId !== participant);
  }

  async #succeed(
    members: readonly RosterMember[],
    alongside: (transaction: Transaction<Tables>) => Promise<void>,
    before: readonly JournalEntry[] = [],
  ): Promise<CurrentRoster> {
    const { crypto, rosterKey, certificate, store, rootKey, consortium, wallMillis } = this.#options;
    const next: Roster = { ...this.#roster, epoch: this.#roster.epoch + 1, previousHash: this.#hash, members };
    const signed = signRoster(crypto, rosterKey, next, certificate);
    // The certificate may have run out since the start: then nobody would accept this epoch.
    const { roster, hash } = verifyRoster(crypto, signed, { rootKey, consortium, now: wallMillis() });
    await append(store, { roster, hash, signed }, alongside, before);
    this.#roster = roster;
    this.#hash = hash;
    this.#signed = signed;
    return this.current();
  }
}

async function append(
  store: Store,
  { roster, hash, signed }: Omit<CurrentRoster, 'view'>,
  alongside?: (transaction: Transaction<Tables>) => Promise<void>,
  before: readonly JournalEntry[] = [],
): Promise<void> {
  const { body, signature } = signed.document;
  await store.journal.append([...before, { run: '', round: 0, kind: 'roster-epoch', body }], {
    write: async (transaction) => {
      await store.rosters.put(transaction, roster.epoch, { hash, body, signature });
      await alongside?.(transaction);
    },
  });
}
