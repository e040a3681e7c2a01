import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { type CoordinatorConfiguration, openObservationServer } from '@concordat/coordinator';
import { expect } from 'chai';
import { pino } from 'pino';
import { call, connect, disconnect, type Member, refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];

/** Samples of a scrape, by name and labels as they are written. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('a coordinator that is observed', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let members: Member[];
  let participants: MachineParticipant[];

  const observed = (): CoordinatorConfiguration => ({
    address: '127.0.0.1:0',
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'info',
    observe: { host: '127.0.0.1', port: 0 },
  });
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${consortium.coordinator.observePort}${path}`, init);
  const scrape = async () => samplesOf(await (await get('/metrics')).text());

  before(async () => {
    consortium = await TestConsortium.open({ configuration: observed() });
    members = [];
    for (const name of names) members.push(await consortium.join(name));
    participants = [];
  });

  after(async () => {
    for (const participant of participants) participant.leave();
    await consortium.close();
  });

  it('says before any run that there is none, who is in the roster, and when its certificate runs out', async () => {
    const samples = await scrape();
    expect(samples.get('concordat_participants')).to.equal(4);
    expect(samples.get('concordat_participants_connected')).to.equal(0);
    for (const state of ['running', 'pausing', 'paused', 'over']) {
      expect(samples.get(`concordat_run_state{state="${state}"}`), state).to.equal(0);
    }
    const now = Date.now() / 1000;
    expect(samples.get('concordat_certificate_expires_seconds')).to.be.within(now + 80 * 86_400, now + 900 * 86_400);
    expect(samples.get('concordat_roster_key_expires_seconds')).to.be.within(now + 89 * 86_400, now + 91 * 86_400);
  });

  it('counts rounds, phases, dropouts and bytes, and says who many are awaited, without a name in any label', async () => {
    participants = members.map(
      (member) => new MachineParticipant(member, { delta: (parameters) => new Float32Array(parameters).fill(0.004) }),
    );
    const { planHash } = await consortium.propose({ rounds: 2, metrics: [] });
    await consortium.operator.startRun(planHash, 'spring');
    const waiting = await scrape();
    expect(waiting.get('concordat_run_state{state="running"}')).to.equal(1);
    expect(waiting.get('concordat_round')).to.equal(1);
    expect(waiting.get('concordat_participants_awaited')).to.equal(4);
    expect(waiting.get('concordat_wait_remaining_seconds')).to.be.within(0.001, 60);
    for (const participant of participants) await participant.connect();
    await consortium.operator.watch('spring', 1, () => undefined);
    const text = await (await get('/metrics')).text();
    const samples = samplesOf(text);
    expect(samples.get('concordat_rounds_total{kind="train",outcome="published"}')).to.equal(2);
    expect(samples.get('concordat_round_seconds_count{kind="train"}')).to.equal(2);
    expect(samples.get('concordat_phase_seconds_count{phase="upload"}')).to.equal(2);
    expect(samples.get('concordat_model_version')).to.equal(2);
    expect(samples.get('concordat_run_state{state="over"}')).to.equal(1);
    expect(samples.get('concordat_participants_awaited')).to.equal(0);
    const { traffic } = await consortium.operator.status();
    const sum = (pick: (row: (typeof traffic)[number]) => number) => traffic.reduce((all, row) => all + pick(row), 0);
    expect(samples.get('concordat_bytes_total{direction="up"}')).to.equal(sum(({ uploadBytes }) => uploadBytes));
    expect(samples.get('concordat_bytes_total{direction="down"}')).to.equal(sum(({ downloadBytes }) => downloadBytes));
    expect(samples.get('nodejs_eventloop_lag_seconds')).to.be.a('number');
    expect(samples.get('process_resident_memory_bytes')).to.be.greaterThan(1e6);
    for (const name of names) expect(text).to.not.contain(name);
  });

  it('counts every refusal by its code', async () => {
    const code = 'concordat_refusals_total{code="unauthenticated"}';
    const before = (await scrape()).get(code) ?? 0;
    const stranger = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    for (let i = 0; i < 3; i++) expect(await refusalOf(call(stranger.Runs, 'Status', {}))).to.equal('unauthenticated');
    disconnect(stranger);
    expect((await scrape()).get(code)).to.equal(before + 3);
  });

  it('answers probes, and nothing else', async () => {
    const answers = async (path: string, init: RequestInit = {}) => {
      const response = await get(path, init);
      return [response.status, await response.text()];
    };
    expect(await answers('/healthz')).to.deep.equal([200, 'alive\n']);
    expect(await answers('/readyz?verbose')).to.deep.equal([200, 'ready\n']);
    expect(await answers('/readyz', { method: 'HEAD' })).to.deep.equal([200, '']);
    for (const path of ['/', '/metrics/', '/../etc/passwd', '//metrics'])
      expect((await answers(path))[0], path).to.equal(404);
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await answers('/metrics', { method, body: 'x'.repeat(100_000) }))[0], method).to.equal(405);
  });

  it('ends a connection that sends more than a request may hold, and answers the next one', async () => {
    const socket = connectSocket(consortium.coordinator.observePort!, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (data) => received.push(data));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n`);
    await closed;
    expect(Buffer.concat(received).toString()).to.match(/^HTTP\/1\.1 431 /);
    expect((await get('/healthz')).status).to.equal(200);
  });

  it('is told of a port that is in use, and then holds nothing', async () => {
    const taken = { ...observed(), observe: { host: '127.0.0.1', port: consortium.coordinator.observePort! } };
    const other = await TestConsortium.open({ configuration: observed() });
    await other.coordinator.stop();
    expect(await refusalOf(other.start({ configuration: taken }))).to.equal('unavailable');
    await other.start({ configuration: observed() });
    await other.close();
  });
});

describe('the answers to probes', () => {
  const open = (why: string | undefined) =>
    openObservationServer({
      host: '127.0.0.1',
      port: 0,
      metrics: { text: async () => ({ type: 'text/plain', body: '' }) },
      log: pino({ level: 'silent' }),
      unready: () => why,
    });

  it('say why nothing can be done for participants, while the process lives', async () => {
    const server = await open('draining');
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    const ready = await get('/readyz');
    expect([ready.status, await ready.text()]).to.deep.equal([503, 'draining\n']);
    expect((await get('/healthz')).status).to.equal(200);
    await server.close();
  });

  it('are for sixteen at a time: who comes behind them is let go', async () => {
    const server = await open(undefined);
    const dial = () => connectSocket(server.port, '127.0.0.1').on('error', () => undefined);
    const held = Array.from({ length: 16 }, dial);
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    await once(dial(), 'close');
    expect(held.some(({ destroyed }) => destroyed)).to.equal(false);
    for (const socket of held) socket.destroy();
    await server.close();
  });
});

describe('a coordinator that is not observed', () => {
  it('opens no second port', async () => {
    const consortium = await TestConsortium.open();
    expect(consortium.coordinator.observePort).to.equal(undefined);
    await consortium.close();
  });
});
