import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type ClientEvent, enroll, FederatedClient, type IdentitySigner, readEgress } from '@concordat/client-sdk';
import type { FederatedError, PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { TestConsortium } from '../../coordinator/consortium.js';
import { errorOf } from '../../support/error-of.js';
import { skippedClock } from '../../support/skipped-clock.js';
import { automaticPolicy as policy, stepping } from '../../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const draft: Partial<PlanDraft> = {
  deadlines: { selectMillis: 10_000, readyMillis: 10_000, stepMillis: 5_000, graceMillis: 100 },
  aggregateCheck: 'on',
  transcriptRetention: 2,
  rounds: 1,
};

/** A key in a process of its own. */
class SigningProcess implements IdentitySigner {
  readonly #child: ChildProcess;
  readonly publicKey: Uint8Array;
  readonly #waiting = new Map<number, (signature: Uint8Array) => void>();
  signed = 0;

  private constructor(child: ChildProcess, publicKey: Uint8Array) {
    this.#child = child;
    this.publicKey = publicKey;
    child.on('message', ({ id, signature }: { readonly id: number; readonly signature: string }) =>
      this.#waiting.get(id)!(new Uint8Array(Buffer.from(signature, 'base64'))),
    );
  }

  static async start(): Promise<SigningProcess> {
    const child = fork(join(import.meta.dirname, 'signing-process.js'));
    const [{ publicKey }] = (await once(child, 'message')) as [{ readonly publicKey: string }];
    return new SigningProcess(child, new Uint8Array(Buffer.from(publicKey, 'base64url')));
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    const id = ++this.signed;
    this.#child.send({ id, message: Buffer.from(message).toString('base64') });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

describe('a participant whose identity key is kept by another process', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let signer: SigningProcess;
  const root = mkdtempSync(join(tmpdir(), 'concordat-signer-'));
  const directoryOf = (name: string) => join(root, name);
  const enrol = (name: string, identity?: IdentitySigner) => consortium.enrol(name, directoryOf(name), { identity });
  const open = (name: string, identity?: IdentitySigner, onEvent: (event: ClientEvent) => void = () => undefined) =>
    FederatedClient.open({
      directory: directoryOf(name),
      trainer: stepping(0.01),
      policy,
      onEvent,
      ...(identity && { identity }),
    });

  before(async () => {
    consortium = await TestConsortium.open();
    signer = await SigningProcess.start();
    for (const name of names) await enrol(name, name === 'acme' ? signer : undefined);
  });
  after(async () => {
    signer.kill();
    await consortium.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('enrols with its proof, and keeps no identity key', () => {
    expect(signer.signed).to.equal(1);
    expect(existsSync(join(directoryOf('acme'), 'identity.key'))).to.equal(false);
    expect(existsSync(join(directoryOf('bluebird'), 'identity.key'))).to.equal(true);
  });

  it('signs every step of a round there: approval, session and verdict', async () => {
    const before = signer.signed;
    const { plan, planHash } = await consortium.propose({ ...draft, run: 'signed' });
    const events: ClientEvent[] = [];
    const clients = await Promise.all(
      names.map((name) => (name === 'acme' ? open(name, signer, (event) => events.push(event)) : open(name))),
    );
    try {
      const ends = clients.map((client) => client.run({ once: true }));
      await consortium.operator.startRun(planHash, plan.run);
      expect((await Promise.all(ends)).map((end) => end?.outcome)).to.deep.equal(names.map(() => 'completed'));
    } finally {
      for (const client of clients) await client.close();
    }
    expect(events.filter(({ type }) => type === 'verified')).to.have.length.at.least(1);
    expect(events.some((event) => event.type === 'contributed' && event.included)).to.equal(true);
    // approval, then advert, share, confirm, upload, survivors, reveal and result of the round.
    expect(signer.signed - before).to.be.at.least(8);
  });

  it('does not open without its signer, or with the key of somebody else', async () => {
    expect((await errorOf(open('acme'))).code).to.equal('invalid-argument');
    const other = await SigningProcess.start();
    other.kill();
    expect((await errorOf(open('acme', other))).detail.rule).to.equal('roster.own-entry');
    const short = { publicKey: other.publicKey.subarray(1), sign: other.sign };
    expect((await errorOf(open('acme', short))).detail).to.deep.equal({ required: '32 bytes', offered: 31 });
  });

  for (const [what, sign, code, rule] of [
    [
      'fails',
      async () => {
        throw new Error('CKR_DEVICE_REMOVED');
      },
      'unavailable',
      'identity.signer',
    ],
    [
      'fails before it promises anything',
      () => {
        throw new Error('CKR_SESSION_CLOSED');
      },
      'unavailable',
      'identity.signer',
    ],
    ['signs with another key', async () => new Uint8Array(64).fill(7), 'verification', 'identity.signature'],
    ['gives something else', async () => new Uint8Array(70), 'verification', 'identity.signature'],
  ] as const) {
    it(`ends by name, with nothing sent, when the signer ${what}`, async () => {
      const { plan, planHash } = await consortium.propose({ ...draft, run: `run-${code}-${what.length}` });
      const events: ClientEvent[] = [];
      const faulty = { publicKey: signer.publicKey, sign };
      const client = await open('acme', faulty, (event) => events.push(event));
      try {
        const ended = errorOf(client.run());
        await consortium.operator.startRun(planHash, plan.run);
        const error = await ended;
        expect([error.code, error.detail.rule]).to.deep.equal([code, rule]);
        expect(events.filter(({ type }) => type === 'refused')).to.deep.equal([]);
      } finally {
        await client.close();
        await consortium.coordinator.run?.abort('the test is over');
      }
    });
  }

  /** A signer that is asked and never answers. */
  const silent = (): IdentitySigner & { readonly asked: Promise<void> } => {
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    const sign = () => {
      ask();
      return new Promise<Uint8Array>(() => undefined);
    };
    return { publicKey: signer.publicKey, sign, asked };
  };
  /** Whether it ended after five seconds, and how after ten. */
  const endsInTime = async (work: Promise<unknown>, asked: Promise<void>, clock: ReturnType<typeof skippedClock>) => {
    let endedAfterFive = false;
    const ended = errorOf(work).then((error: FederatedError) => {
      endedAfterFive = true;
      return error;
    });
    await asked;
    clock.skip(5_000);
    for (let i = 0; i < 20; i++) await turn();
    const early = endedAfterFive;
    clock.skip(5_000);
    const { code, detail, message } = await ended;
    return [early, code, detail.rule, message];
  };
  const givenUp = [
    false,
    'unavailable',
    'identity.signer',
    'the identity signer does not sign: no answer within 10000 ms',
  ];

  it('is given up after ten seconds when it does not answer, with nothing sent', async function () {
    // They are skipped, and not waited for.
    this.timeout(8_000);
    const { plan, planHash } = await consortium.propose({ ...draft, run: 'run-silent' });
    const events: ClientEvent[] = [];
    const clock = skippedClock();
    const identity = silent();
    const client = await FederatedClient.open({
      ...{ directory: directoryOf('acme'), trainer: stepping(0.01), policy, identity, clock },
      onEvent: (event) => events.push(event),
    });
    try {
      const running = client.run();
      await consortium.operator.startRun(planHash, plan.run);
      expect(await endsInTime(running, identity.asked, clock)).to.deep.equal(givenUp);
      expect(events.map(({ type }) => type)).to.not.include('refused');
      expect((await readEgress(directoryOf('acme'))).entries.filter(({ runId }) => runId === plan.run)).to.deep.equal(
        [],
      );
    } finally {
      await client.close();
      await consortium.coordinator.run?.abort('the test is over');
    }
  });

  it('is given up after ten seconds at enrolment too', async function () {
    // They are skipped, and not waited for.
    this.timeout(8_000);
    const invitation = await consortium.operator.invite('echo', 'echo', 0);
    const clock = skippedClock();
    const identity = silent();
    const enrolling = enroll({ invitation, directory: directoryOf('echo'), identity, clock });
    expect(await endsInTime(enrolling, identity.asked, clock)).to.deep.equal(givenUp);
  });
});
