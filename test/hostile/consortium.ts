import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enroll, KeyStore } from '@concordat/client-sdk';
import type { CoordinatorOptions, InitOptions, OperatorKeys } from '@concordat/coordinator';
import {
  encodePlan,
  encodeSafetensors,
  fromBase64url,
  hashPlan,
  type NamedTensor,
  type Plan,
  type PlanDraft,
  type Roster,
  type Signed,
  type SignedRoster,
  type Signer,
  signBody,
  signPlan,
  signRoster,
  toBase64url,
} from '@concordat/core';
import { nodeCrypto, readIdentityFile, systemRandom } from '@concordat/node';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { testPlan } from '../support/test-plan.js';
import { parameters, unitsPerOne } from './exact-trainer.js';

/** In cohort order; "acme" is the one that is lied to, or that lies. */
export const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'] as const;

export interface SignedPlan {
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly signed: Signed;
}

const topology = Buffer.from('{"class_name":"Sequential"}');

/** A model whose every weight is `version`: each has another digest, and sums on it stay exact. */
export function modelOf(version: number): Uint8Array {
  return encodeSafetensors(tensorsOf(version));
}

function tensorsOf(version: number): NamedTensor[] {
  return [{ name: 'dense/bias', shape: [parameters], values: new Float32Array(parameters).fill(version) }];
}

/**
 * Five organizations that enrolled with a real coordinator, and every key there is: a hostile coordinator has its own, and whichever
 * participant it colludes with lends it another.
 */
export class EnrolledConsortium {
  /** Real and listening; it goes on after the enrolment for those whom only a participant lies to. */
  readonly real: TestConsortium;
  readonly #templates: string;
  readonly #copies: string[] = [];
  #forgotten: Promise<unknown> = Promise.resolve();
  readonly signers = new Map<string, Signer>();
  readonly blobs = new Map<string, Uint8Array>();
  coordinatorKey!: Signer;
  rosterKey!: Signer;
  rosterKeyCertificate!: Signed;
  roster!: Roster;
  signedRoster!: SignedRoster;

  private constructor(real: TestConsortium, templates: string) {
    this.real = real;
    this.#templates = templates;
  }

  /** @param founding what else `init` is told. */
  static async enrol(
    options: Partial<CoordinatorOptions> = {},
    founding: Partial<InitOptions> = {},
  ): Promise<EnrolledConsortium> {
    const real = await TestConsortium.open(options, undefined, founding);
    const made = new EnrolledConsortium(real, mkdtempSync(join(tmpdir(), 'concordat-hostile-')));
    for (const name of names) {
      const invitation = await real.operator.invite(name, `${name} ltd`, 0);
      const onPending = (fingerprint: string) => void real.operator.admit(name, fingerprint);
      const { wallMillis = Date.now } = options;
      await enroll({ invitation, directory: made.#template(name), pollMillis: 1, onPending, wallMillis });
      made.signers.set(name, await readIdentityFile(join(made.#template(name), 'identity.key')));
    }
    await made.#readKeys();
    for (const blob of [topology, modelOf(0)]) made.offer(blob);
    return made;
  }

  /** What every plan names as its model. */
  get topology(): Uint8Array {
    return topology;
  }

  get operatorKeys(): OperatorKeys {
    return this.real.operatorKeys;
  }

  /** PEM of the coordinator's own certificate and key. */
  get tls(): { readonly certificatePem: string; readonly privateKeyPem: string; readonly authorityPem: string } {
    const read = (name: string) => readFileSync(join(this.real.directory, 'coordinator', name), 'utf8');
    const { authorityPem } = this.operatorKeys;
    return { certificatePem: read('tls-certificate.pem'), privateKeyPem: read('tls-key.pem'), authorityPem };
  }

  /** A directory as it was right after the enrolment, dialling `address`. */
  directoryOf(name: string, address: string): string {
    const directory = mkdtempSync(join(tmpdir(), `concordat-${name}-`));
    this.#copies.push(directory);
    cpSync(this.#template(name), directory, { recursive: true });
    this.redirect(directory, address);
    return directory;
  }

  /** From now on a directory's client dials `address`. */
  redirect(directory: string, address: string): void {
    moveTo(directory, address);
  }

  /** Destroy the copies, behind the back of the next case. */
  forget(): void {
    const gone = this.#copies.splice(0).map((directory) => rm(directory, { recursive: true, force: true }));
    this.#forgotten = Promise.all([this.#forgotten, ...gone]);
  }

  /** Serve a blob by its digest. @returns the digest. */
  offer(blob: Uint8Array): Uint8Array {
    const digest = nodeCrypto.sha256(blob);
    this.blobs.set(toBase64url(digest), blob);
    return digest;
  }

  /** A plan for five, c = 1, T = 4, signed by the operator. @param version of the initial model. */
  plan(draft: Partial<PlanDraft> = {}, version = 0): SignedPlan {
    const plan = testPlan(
      { topology, tensors: tensorsOf(version) },
      {
        cohort: { min: 4, size: 5, max: 5 },
        reportingGoal: 5,
        clippingNorm: 32_767 / unitsPerOne,
        deadlines: { selectMillis: 50, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 },
        ...draft,
      },
    );
    const body = encodePlan(plan);
    const signed = signPlan(nodeCrypto, this.operatorKeys.operatorKey, body);
    return { plan, planHash: hashPlan(nodeCrypto, plan), signed };
  }

  /** The roster with other fields, signed by the roster key: what whoever runs the coordinator can make. */
  forgeRoster(change: Partial<Roster>): SignedRoster {
    return signRoster(nodeCrypto, this.rosterKey, { ...this.roster, ...change }, this.rosterKeyCertificate);
  }

  /** Bytes that are no roster of ours, signed by the roster key all the same. */
  signRosterBytes(body: Uint8Array): Signed {
    return signBody(nodeCrypto, this.rosterKey, 'concordat/roster', body);
  }

  async close(): Promise<void> {
    this.forget();
    await this.#forgotten;
    rmSync(this.#templates, { recursive: true, force: true });
    await this.real.close();
  }

  #template(name: string): string {
    return join(this.#templates, name);
  }

  async #readKeys(): Promise<void> {
    const path = (name: string) => join(this.real.directory, 'coordinator', name);
    this.coordinatorKey = await readIdentityFile(path('coordinator-key.pem'));
    this.rosterKey = await readIdentityFile(path('roster-key.pem'));
    const { body, signature } = JSON.parse(readFileSync(path('roster-key-certificate.json'), 'utf8'));
    this.rosterKeyCertificate = { body: fromBase64url(body), signature: fromBase64url(signature) };
    const last = await KeyStore.open(this.#template(names.at(-1)!), {
      crypto: nodeCrypto,
      random: systemRandom,
      wallMillis: Date.now,
    });
    // Whoever was admitted last holds the roster with everybody in it.
    this.roster = last.roster.roster;
    this.signedRoster = this.forgeRoster({});
  }
}
