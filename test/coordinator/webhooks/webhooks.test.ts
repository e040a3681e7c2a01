import { readFileSync } from 'node:fs';
import { type Notice, signWebhook, verifyWebhook, type Webhook, Webhooks, webhookEvents } from '@concordat/coordinator';
import { identityFromSeed, nodeCrypto, systemClock } from '@concordat/node';
import { expect } from 'chai';
import { pino } from 'pino';
import { call, connect, disconnect, enrolRequest, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';
import { Receiver, secret } from './receiver.js';

const notice: Notice = {
  event: 'run-paused',
  run: 'spring',
  text: 'run spring is paused: a look',
  runbook: 'docs/operating.md#x',
};

describe('the signature of a notice', () => {
  const [seconds, body] = [1_700_000_000, '{"event":"disputed"}'];
  const header = signWebhook(secret, seconds, body);

  it('is HMAC-SHA256 over time and body', () => {
    // printf '1700000000.{"event":"disputed"}' | openssl dgst -sha256 -hmac 'a secret of thirty-two bytes, ok'
    expect(header).to.equal('t=1700000000,v1=4b59beaaf4556317028cfabf2982ba69d53a53388f982d375784f1759a18388a');
    expect(verifyWebhook(secret, { header, body, nowSeconds: seconds + 299 })).to.equal(true);
  });

  it('holds for no other body, time or secret, nor for long', () => {
    const now = { header, body, nowSeconds: seconds };
    expect(verifyWebhook(secret, { ...now, body: `${body} ` })).to.equal(false);
    expect(verifyWebhook(secret, { ...now, header: header.replace('t=17', 't=18') })).to.equal(false);
    expect(verifyWebhook(Buffer.alloc(32), now)).to.equal(false);
    expect(verifyWebhook(secret, { ...now, nowSeconds: seconds + 301 })).to.equal(false);
    for (const other of ['', 't=1', `${header},v2=00`, header.slice(0, -1)]) {
      expect(verifyWebhook(secret, { ...now, header: other })).to.equal(false);
    }
  });
});

describe('the check of a notice that the guide shows', () => {
  type IsOurs = (secret: Uint8Array, header: string, body: string) => boolean;
  const body = '{"event":"disputed"}';
  let isOurs: IsOurs;

  before(async () => {
    const guide = readFileSync('docs/operating.md', 'utf8');
    const code = guide
      .split('```js\n')
      .find((block) => block.includes('export function isOurs'))
      ?.split('\n```')[0];
    if (code === undefined) throw new Error('docs/operating.md shows no isOurs');
    ({ isOurs } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { isOurs: IsOurs });
  });

  it('takes what was signed just now, and nothing else', () => {
    const now = Math.floor(Date.now() / 1000);
    const header = signWebhook(secret, now, body);
    expect(isOurs(secret, header, body)).to.equal(true);
    expect(isOurs(secret, header, `${body} `)).to.equal(false);
    expect(isOurs(Buffer.alloc(32), header, body)).to.equal(false);
    expect(isOurs(secret, signWebhook(secret, now - 400, body), body)).to.equal(false);
    for (const other of ['', 't=1', `${header}00`]) expect(isOurs(secret, other, body)).to.equal(false);
  });
});

describe('a webhook', () => {
  let receiver: Receiver;
  let slept: number[];
  let outcomes: string[];
  let lines: Readonly<Record<string, unknown>>[];
  let ended: () => void;
  let webhooks: Webhooks | undefined;

  beforeEach(async () => {
    receiver = await Receiver.open();
    [slept, outcomes, lines, ended] = [[], [], [], () => undefined];
  });
  afterEach(async () => {
    await webhooks?.close();
    receiver.close();
  });

  function open(
    webhook: Partial<Webhook> = {},
    sleep: (signal?: AbortSignal) => Promise<void> = async () => undefined,
  ): Webhooks {
    webhooks = new Webhooks([{ url: receiver.url, secret, events: webhookEvents, ...webhook }], {
      consortium: 'demo',
      clock: {
        ...systemClock,
        sleep: (millis, signal) => {
          slept.push(millis);
          return sleep(signal);
        },
      },
      wallMillis: Date.now,
      log: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
      count: (outcome) => {
        outcomes.push(outcome);
        ended();
      },
    });
    return webhooks;
  }

  async function outcome(count: number): Promise<readonly string[]> {
    while (outcomes.length < count) {
      await new Promise<void>((resolve) => {
        ended = resolve;
      });
    }
    return outcomes;
  }

  it('gets a notice as signed JSON, with an id', async () => {
    open().tell(notice);
    expect(await outcome(1)).to.deep.equal(['delivered']);
    const [first] = receiver.received;
    expect([
      first!.method,
      first!.signed,
      first!.headers['content-type'],
      first!.headers['concordat-event'],
    ]).to.deep.equal(['POST', true, 'application/json', 'run-paused']);
    const { id, at, ...said } = first!.body;
    expect(said).to.deep.equal({ consortium: 'demo', ...notice });
    expect([id, String(at).endsWith('Z')]).to.deep.equal([first!.headers['concordat-delivery'], true]);
  });

  it('gets what it asked for, and nothing else', async () => {
    const only = open({ events: ['disputed'] });
    only.tell(notice);
    only.tell({ ...notice, event: 'disputed' });
    await outcome(1);
    expect(receiver.received.map(({ body }) => body.event)).to.deep.equal(['disputed']);
  });

  it('is tried again, later each time, with the same id and a new signature, and before what came behind', async () => {
    receiver.answers.push(503, 0, 429);
    const both = open();
    both.tell(notice);
    both.tell({ ...notice, event: 'run-ended' });
    expect(await outcome(2)).to.deep.equal(['delivered', 'delivered']);
    expect(slept).to.deep.equal([1_000, 5_000, 30_000]);
    expect(receiver.received.map(({ body }) => body.event)).to.deep.equal([
      ...Array(4).fill('run-paused'),
      'run-ended',
    ]);
    expect(new Set(receiver.received.slice(0, 4).map(({ body }) => body.id)).size).to.equal(1);
    expect(receiver.received.every(({ signed }) => signed)).to.equal(true);
  });

  it('is given up after six attempts, and at once when it refuses or sends elsewhere', async () => {
    receiver.answers.push(500, 500, 500, 500, 500, 500, 403, 302);
    const given = open();
    for (let i = 0; i < 3; i++) given.tell(notice);
    expect(await outcome(3)).to.deep.equal(['failed', 'failed', 'failed']);
    expect(receiver.received).to.have.lengthOf(8);
    expect(lines.map(({ attempts, reason }) => [attempts, reason])).to.deep.equal([
      [6, 'answered with 500'],
      [1, 'answered with 403'],
      [1, 'answered with 302'],
    ]);
    // The address may hold what the receiver knows its sender by.
    expect(JSON.stringify(lines)).not.to.contain('unspoken').and.not.to.contain(secret.toString());
  });

  it('has 64 that wait; of more the oldest are dropped, and nobody waits for it', async () => {
    receiver.answers.push(500);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = open({}, () => held);
    slow.tell(notice);
    await receiver.has(1);
    for (let i = 0; i < 70; i++) slow.tell({ ...notice, round: i });
    expect(outcomes).to.deep.equal(Array(6).fill('dropped'));
    release();
    await outcome(6 + 65);
    expect(receiver.received.slice(2).map(({ body }) => body.round)).to.deep.equal(
      Array.from({ length: 64 }, (_, i) => i + 6),
    );
  });

  it('is let go when the coordinator stops, whatever still waits', async () => {
    receiver.answers.push(500);
    const long = open({}, (signal) => systemClock.sleep(600_000, signal));
    for (let i = 0; i < 3; i++) long.tell(notice);
    await receiver.has(1);
    await long.close();
    long.tell(notice);
    expect([receiver.received.length, outcomes]).to.deep.equal([1, []]);
  });
});

describe('a coordinator with a webhook', function () {
  this.timeout(30_000);
  let receiver: Receiver;
  let consortium: TestConsortium;
  const participants: MachineParticipant[] = [];

  before(async () => {
    receiver = await Receiver.open();
    const local = { host: '127.0.0.1', port: 0 };
    const webhooks: Webhook[] = [{ url: receiver.url, secret, events: webhookEvents }];
    consortium = await TestConsortium.open({
      configuration: { address: '127.0.0.1:0', listen: local, logLevel: 'info', observe: local, webhooks },
    });
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
    receiver.close();
  });

  it('tells of a pause, an abandoned round and the end, and counts them', async () => {
    const delta = (parameters: number) => new Float32Array(parameters).fill(0.004);
    for (const name of ['acme', 'bluebird', 'cobalt']) {
      participants.push(new MachineParticipant(await consortium.join(name), { delta }));
    }
    const { planHash } = await consortium.propose({
      onShortfall: { action: 'pause' },
      deadlines: { selectMillis: 50, readyMillis: 500, stepMillis: 2_000, graceMillis: 100 },
    });
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, 'spring');
    await receiver.has(2);
    await consortium.operator.endRun('spring', 'enough');
    const received = await receiver.has(3);
    expect(received.map(({ body }) => body.event)).to.deep.equal(['round-abandoned', 'run-paused', 'run-ended']);
    expect(received.every(({ signed }) => signed)).to.equal(true);
    expect(received[0]!.body).to.deep.include({ consortium: 'demo', run: 'spring', round: 1 });
    expect(received[0]!.body.text).to.match(
      /^round 1 of run spring is abandoned: .+ See: concordat coordinator explain --run spring --round 1$/,
    );
    const metrics = await (await fetch(`http://127.0.0.1:${consortium.coordinator.observePort}/metrics`)).text();
    expect(metrics).to.match(/concordat_webhooks_total\{outcome="delivered"\} [23]/);
  });

  it('tells once that somebody has enrolled and waits, when it looks', async () => {
    const invitation = await consortium.invite('delta', 'Delta Ltd');
    const { request } = await enrolRequest(invitation, identityFromSeed(nodeCrypto.sha256(Buffer.from('delta'))));
    const anonymous = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    await call(anonymous.Membership, 'Enroll', request);
    disconnect(anonymous);
    const before = receiver.received.length;
    await consortium.restart({
      configuration: {
        address: '127.0.0.1:0',
        listen: { host: '127.0.0.1', port: 0 },
        logLevel: 'info',
        webhooks: [{ url: receiver.url, secret, events: ['approval-needed'] }],
      },
    });
    const told = (await receiver.has(before + 1))[before]!.body;
    expect(told).to.deep.include({ event: 'approval-needed', participants: ['delta'] });
    expect(told.text).to.match(/^Delta Ltd has enrolled as delta and waits/);
  });
});
