import { Admission, type AdmissionLimits } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { call, type Member, refusalOf, TestConsortium } from '../consortium.js';

const transfers = new Set(['/concordat.v1.Blobs/Get']);
const get = { method: '/concordat.v1.Blobs/Get', who: 'participant acme' };
const roster = { method: '/concordat.v1.Membership/Roster', who: 'participant acme' };
const reveal = { method: '/concordat.v1.Rounds/Reveal', who: 'participant acme' };
const never = new AbortController().signal;

/** Time that goes on when a test says. */
class HandClock {
  now = 0;
  #timers: { readonly at: number; readonly fire: () => void }[] = [];

  monotonicMillis(): number {
    return this.now;
  }

  after(millis: number, fire: () => void): () => void {
    const timer = { at: this.now + millis, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  go(millis: number): void {
    this.now += millis;
    for (const { at, fire } of [...this.#timers]) if (at <= this.now) fire();
  }
}

describe('admission', () => {
  let clock: HandClock;
  beforeEach(() => {
    clock = new HandClock();
  });

  const admissionOf = (limits: Partial<AdmissionLimits> = {}) =>
    new Admission({
      limits: { callsPerSecond: 10, bytesInFlight: 512 * 1024, queue: 2, ...limits },
      clock,
      transfers,
    });
  const taken = (admission: Admission, arrival: typeof get, times: number) =>
    Array.from({ length: times }, () => admission.refuse(arrival)).filter((refused) => refused === undefined).length;

  it('takes four seconds of calls at once, then so many a second, from each caller', () => {
    const admission = admissionOf();
    expect(taken(admission, roster, 100)).to.equal(40);
    expect(admission.refuse(roster)?.detail).to.deep.equal({ rule: 'overload', retryAfterMillis: 100 });
    expect(taken(admission, { ...roster, who: 'participant beta' }, 100)).to.equal(40);
    clock.go(500);
    expect(taken(admission, roster, 100)).to.equal(5);
  });

  it('takes the answers of a round at a rate of their own, from a caller that is refused else', () => {
    const admission = admissionOf();
    taken(admission, roster, 100);
    expect(taken(admission, roster, 1)).to.equal(0);
    expect(taken(admission, reveal, 100)).to.equal(40);
  });

  it('has quotas for methods that cost more', () => {
    const admission = admissionOf({ callsPerSecond: 1_000 });
    expect(taken(admission, { ...roster, method: '/concordat.v1.Membership/Renew' }, 100)).to.equal(10);
    expect(taken(admission, roster, 100)).to.equal(100);
  });

  it('lets calls wait for bytes, in order, and reveals pass meanwhile', async () => {
    const admission = admissionOf();
    const [first] = [await admission.enter(get, never), await admission.enter(get, never)];
    const order: string[] = [];
    const third = admission.enter(get, never).then(() => order.push('third'));
    const fourth = admission.enter(get, never).then(() => order.push('fourth'));
    expect(await refusalOf(admission.enter(get, never))).to.equal('unavailable overload');
    await admission.enter(reveal, never);
    expect(order).to.deep.equal([]);
    first();
    first();
    await third;
    expect(order).to.deep.equal(['third']);
    clock.go(5_000);
    const late = await fourth.catch((error: FederatedError) => error.detail);
    expect(late).to.deep.equal({ rule: 'overload', retryAfterMillis: 5_000 });
  });

  it('lets nobody wait who is gone', async () => {
    const admission = admissionOf();
    const held = [await admission.enter(get, never), await admission.enter(get, never)];
    const gone = new AbortController();
    const waiting = admission.enter(get, gone.signal);
    gone.abort();
    expect(await refusalOf(waiting)).to.equal('unavailable overload');
    held[0]!();
    await admission.enter(get, never);
  });

  it('lets the surplus of one caller wait, and another one’s call past it', async () => {
    const admission = admissionOf({ bytesInFlight: 2 ** 30, queue: 10 });
    const held = [];
    for (let i = 0; i < 64; i++) held.push(await admission.enter(roster, never));
    let isIn = false;
    const surplus = admission.enter(roster, never).then(() => (isIn = true));
    const other = admission.enter({ ...roster, who: 'participant beta' }, never).then((leave) => leave());
    held[0]!();
    await surplus;
    await other;
    expect(isIn).to.equal(true);
  });
});

describe('an overloaded coordinator', () => {
  let consortium: TestConsortium;
  let acme: Member;

  before(async () => {
    consortium = await TestConsortium.open({ clock: stopped });
    acme = await consortium.join('acme');
  });
  after(() => consortium.close());

  // Buckets are not filled while a test runs; timers are the system's.
  const stopped = {
    monotonicMillis: () => 0,
    after: (millis: number, fire: () => void) => {
      const timer = setTimeout(fire, millis);
      return () => clearTimeout(timer);
    },
    sleep: (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis)),
  };

  it('answers RESOURCE_EXHAUSTED with the time to come back, and takes answers of a round all the same', async () => {
    const asked = Array.from({ length: 420 }, () => refusalOf(call(acme.stubs.Membership, 'Roster', {})));
    const said = await Promise.all(asked);
    expect(said.filter((one) => one === 'nothing')).to.have.length(400);
    const refused = await call(acme.stubs.Membership, 'Roster', {}).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(FederatedError);
    const { code, detail, cause } = refused as FederatedError & { cause: { code: number } };
    expect([code, detail.retryAfterMillis, cause.code]).to.deep.equal(['unavailable', 10, 8]);
    const ready = call(acme.stubs.Rounds, 'Reveal', { runId: 'none', round: 1 });
    expect(await refusalOf(ready)).to.not.include('overload');
  });
});
