import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { type Connection, connect } from '@concordat/client-sdk';
import { type CoordinatorMessage, FederatedError } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { assignmentToWire, type wire } from '@concordat/proto';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  failure,
  failureOf,
  type Handlers,
  ready,
  signerOf,
  TestConsortium,
  virtualClock,
} from './test-coordinator.js';

const welcome = { type: 'welcome', wireVersion: 1, software: 'test/1', consortium: 'north', receipts: [] } as const;
const waiting = (round: number): CoordinatorMessage => ({ type: 'not-chosen', round, reason: 'enough' });

describe("a participant's connection", () => {
  let consortium: TestConsortium;
  let running: { address: string; stop(): Promise<void> } | undefined;
  const open: Connection[] = [];

  before(async () => {
    consortium = await TestConsortium.make();
  });

  afterEach(async () => {
    for (const connection of open.splice(0)) connection.close();
    await running?.stop();
    running = undefined;
  });

  async function dial(
    handlers: Handlers,
    options: Parameters<TestConsortium['connection']>[1] = {},
  ): Promise<Connection> {
    running = await consortium.serve(handlers);
    const connection = await consortium.connection(running.address, options);
    open.push(connection);
    return connection;
  }

  type CheckInCall = Parameters<wire.RoundsHandlers['CheckIn']>[0];
  const says = (call: CheckInCall, ...messages: (CoordinatorMessage | typeof welcome)[]) => {
    messages.forEach((message, sequence) => {
      call.write(assignmentToWire({ sequence, runId: message.type === 'welcome' ? '' : 'spring', message }));
    });
  };

  describe('checking in', () => {
    it('dials afresh when a connection is taken and never answered, and brings what waits on it', async () => {
      const clock = virtualClock();
      const heard: string[] = [];
      const stop = new AbortController();
      running = await consortium.serve({
        Rounds: { CheckIn: (call) => says(call, welcome) },
        Health: { Check: (_, answer) => answer(null, { state: 'serving', wireVersions: [1], software: 'test/1' }) },
      });
      const [, port] = running.address.split(':');
      // The first connection is held; those after it are passed on.
      const sockets: Socket[] = [];
      const middlebox = createServer((client) => {
        sockets.push(client);
        // Its channel is still connecting after five seconds; the welcome would be awaited for twenty.
        if (sockets.length === 1) return clock.fire(5_000);
        const server = connectTcp(Number(port), '127.0.0.1');
        sockets.push(server);
        client.pipe(server).pipe(client);
      }).listen(0, '127.0.0.1');
      await once(middlebox, 'listening');
      const address = `127.0.0.1:${(middlebox.address() as { port: number }).port}`;
      const connection = await consortium.connection(address, { clock });
      open.push(connection);
      const health = connection.health();
      await connection.checkIn({
        clientEpoch: 1,
        startId: new Uint8Array(16),
        signal: stop.signal,
        onMessage: () => undefined,
        onConnected: () => {
          heard.push('connected');
          stop.abort();
        },
        onDisconnected: (error) => heard.push(`${error.code}: ${error.message}`),
      });
      expect(heard).to.deep.equal([
        `unavailable: the coordinator at ${address} did not welcome this client in time`,
        'connected',
      ]);
      expect((await health).state).to.equal('serving');
      middlebox.close();
      for (const socket of sockets) socket.destroy();
    });

    it('delivers messages in order, connects again when the stream ends, and leaves with the signal', async () => {
      const requests: wire.CheckInRequest__Output[] = [];
      const connection = await dial({
        Rounds: {
          CheckIn(call) {
            requests.push(call.request);
            says(call, welcome, waiting(requests.length), waiting(requests.length + 10));
            if (requests.length < 3) call.end();
          },
        },
      });
      const stop = new AbortController();
      const heard: string[] = [];
      await connection.checkIn({
        clientEpoch: 9,
        startId: new Uint8Array(16).fill(5),
        signal: stop.signal,
        onConnected: ({ software }) => heard.push(`connected to ${software}`),
        onMessage: (runId, message) => {
          heard.push(`${runId} ${'round' in message ? message.round : ''}`);
          if ('round' in message && message.round === 13) stop.abort();
        },
        onDisconnected: (error, retryMillis) => {
          expect(retryMillis).to.be.within(0, 250);
          heard.push(error.code);
        },
      });
      expect(heard).to.deep.equal([
        ...['connected to test/1', 'spring 1', 'spring 11', 'unavailable'],
        ...['connected to test/1', 'spring 2', 'spring 12', 'unavailable'],
        ...['connected to test/1', 'spring 3', 'spring 13'],
      ]);
      const said = requests.map(({ clientEpoch, wireVersions, startId }) => [clientEpoch, ...wireVersions, startId[0]]);
      expect(said).to.deep.equal(Array(3).fill([9, 1, 5]));
    });

    const refused = async (CheckIn: wire.RoundsHandlers['CheckIn'], ports: Parameters<typeof dial>[1] = {}) => {
      const connection = await dial({ Rounds: { CheckIn } }, ports);
      const disconnections: string[] = [];
      const outcome = await failureOf(
        connection.checkIn({
          clientEpoch: 1,
          startId: new Uint8Array(16),
          signal: new AbortController().signal,
          onConnected: () => undefined,
          onMessage: () => undefined,
          onDisconnected: (error) => disconnections.push(error.code),
        }),
      );
      return { ...outcome, disconnections };
    };

    it('says both versions when the coordinator speaks another one', async () => {
      const { code, error } = await refused((call) => says(call, { ...welcome, wireVersion: 2 } as never));
      expect(code).to.equal('protocol');
      expect(error.message).to.equal('this client speaks wire version 1, the coordinator (test/1) version 2');
    });

    it('refuses the coordinator of another consortium', async () => {
      const { code, rule } = await refused((call) => says(call, { ...welcome, consortium: 'south' } as never));
      expect([code, rule]).to.deep.equal(['verification', 'consortium']);
    });

    it('stops when it is not authenticated, and when a newer client took over', async () => {
      for (const code of ['unauthenticated', 'permission', 'conflict'] as const) {
        const outcome = await refused((call) => void call.emit('error', failure(new FederatedError(code, 'no'))));
        expect(outcome.code).to.equal(code);
        expect(outcome.disconnections).to.deep.equal([]);
        await running?.stop();
      }
    });

    it('refuses messages before the welcome', async () => {
      expect((await refused((call) => says(call, waiting(1)))).code).to.equal('protocol');
    });

    /** What is no message of the wire, each for its reason. */
    const junk = {
      'out of order': (call: CheckInCall) => says(call, waiting(1)),
      'out of bounds': (call: CheckInCall) =>
        call.write({ ...assignmentToWire(place(waiting(1))), runId: 'Not An Id' }),
      'without a message': (call: CheckInCall) => call.write({ sequence: 1, runId: 'spring' }),
      'with more fields than any message has': (call: CheckInCall) => {
        const awaited = new Array<string>(9_000).fill('acme');
        call.write({ sequence: 1, runId: 'spring', round: 1, waiting: { step: 'train', awaited } });
      },
    };
    const place = (message: CoordinatorMessage) => ({ sequence: 1, runId: 'spring', message });

    for (const [name, write] of Object.entries(junk)) {
      it(`names a message ${name}, and goes on with the next stream`, async () => {
        let streams = 0;
        const connection = await dial({
          Rounds: {
            CheckIn(call) {
              streams += 1;
              says(call, welcome);
              if (streams < 3) write(call);
              else call.write(assignmentToWire(place(waiting(7))));
            },
          },
        });
        const stop = new AbortController();
        const heard: string[] = [];
        await connection.checkIn({
          clientEpoch: 1,
          startId: new Uint8Array(16),
          signal: stop.signal,
          onConnected: () => heard.push('connected'),
          onMessage: (_, message) => {
            heard.push(`round ${'round' in message ? message.round : 0}`);
            stop.abort();
          },
          onDisconnected: (error) => heard.push(error.code),
        });
        expect(heard).to.deep.equal(['connected', 'malformed', 'connected', 'malformed', 'connected', 'round 7']);
      });
    }

    it('comes back more and more slowly, and gives up by name when nothing but that comes', async () => {
      const clock = virtualClock();
      const { code, error, disconnections } = await refused(
        (call) => {
          says(call, welcome);
          junk['out of bounds'](call);
        },
        { clock },
      );
      expect(code).to.equal('malformed');
      expect((error as FederatedError).detail).to.include({ attempts: 10 });
      expect(disconnections).to.deep.equal(Array(9).fill('malformed'));
      expect(clock.slept).to.have.length(9);
      // Each pause is drawn below twice the limit of the one before, up to two seconds.
      expect(Math.max(...clock.slept.slice(4))).to.be.above(250);
    });

    it('counts afresh once a stream has stood for some minutes', async () => {
      const clock = virtualClock();
      let streams = 0;
      const connection = await dial(
        {
          Rounds: {
            CheckIn(call) {
              streams += 1;
              says(call, welcome);
              if (streams < 15) junk['out of bounds'](call);
              else call.write(assignmentToWire(place(waiting(7))));
            },
          },
        },
        { clock },
      );
      const stop = new AbortController();
      let connections = 0;
      await connection.checkIn({
        clientEpoch: 1,
        startId: new Uint8Array(16),
        signal: stop.signal,
        onConnected: () => {
          connections += 1;
          if (connections === 8) void clock.sleep(600_000);
        },
        onMessage: () => stop.abort(),
        onDisconnected: () => undefined,
      });
      expect(connections).to.equal(15);
    });
  });

  describe('answering', () => {
    const receiptFor = (request: wire.ReadyRequest__Output) => ({
      receipt: consortium.receipt({
        runId: request.key!.runId,
        round: request.key!.round,
        step: 'ready',
        content: request.baseModelHash,
      }),
    });

    it('chooses the call by the message and returns the checked receipt', async () => {
      const connection = await dial({
        Rounds: { Ready: (call, reply) => reply(null, receiptFor(call.request)) },
      });
      const receipt = await connection.answer('spring', ready(4));
      expect(receipt.signature).to.have.length(64);
      expect(connection.traffic.uploadBytes).to.be.greaterThan(32);
      expect(connection.traffic.downloadBytes).to.be.greaterThan(96);
    });

    it('repeats only what a repetition may cure', async () => {
      const codes = [status.UNAVAILABLE, status.RESOURCE_EXHAUSTED, status.ABORTED, status.DEADLINE_EXCEEDED];
      let calls = 0;
      const clock = virtualClock();
      const Ready: wire.RoundsHandlers['Ready'] = (call, reply) => {
        const code = codes[calls++];
        if (code === undefined) reply(null, receiptFor(call.request));
        else reply({ code, details: 'busy' });
      };
      const connection = await dial({ Rounds: { Ready } }, { clock });
      await connection.answer('spring', ready(4));
      expect(calls).to.equal(5);
      expect(clock.slept).to.have.length(4);
      for (const [attempt, millis] of clock.slept.entries()) expect(millis).to.be.within(0, 250 * 2 ** attempt);
    });

    it('hands on a refusal at once, with its rule', async () => {
      let calls = 0;
      const connection = await dial({
        Rounds: {
          Ready(_call, reply) {
            calls++;
            reply(failure(new FederatedError('refused', 'not now', { detail: { rule: 'step.over' } })));
          },
        },
      });
      const { code, rule } = await failureOf(connection.answer('spring', ready(4)));
      expect([code, rule, calls]).to.deep.equal(['refused', 'step.over', 1]);
    });

    it('that is of a line which was closed before it was made is repeated like any other that nobody answered', async () => {
      const connection = await dial({});
      connection.close();
      const { code, error } = await failureOf(connection.getRoster({ deadlineMillis: 1_000 }));
      expect(code).to.equal('unavailable');
      expect((error as FederatedError).detail.attempts).to.be.above(1);
    });

    it('gives up at the deadline with the address and what to do', async () => {
      const connection = await dial({});
      await running!.stop();
      const { code, error } = await failureOf(connection.answer('spring', ready(4), { deadlineMillis: 1_000 }));
      expect(code).to.equal('unavailable');
      expect(error.message).to.include(`no coordinator answers at ${connection.address}`);
      expect((error as FederatedError).fix).to.include('firewall');
    });

    it('refuses a receipt with a wrong signature, content, round, step or participant', async () => {
      const good = { runId: 'spring', round: 4, step: 'ready', content: ready(4).baseModelHash };
      const lies = [
        { ...consortium.receipt(good), signature: signerOf(9).sign(new Uint8Array(1)) },
        consortium.receipt({ ...good, content: new Uint8Array(1) }),
        consortium.receipt({ ...good, round: 5 }),
        consortium.receipt({ ...good, step: 'share' }),
        consortium.receipt({ ...good, participantId: 'beta' }),
        consortium.receipt({ ...good, runId: 'autumn' }),
      ];
      const answers = [...lies];
      const connection = await dial({
        Rounds: { Ready: (_call, reply) => reply(null, { receipt: answers.shift()! }) },
      });
      for (const _ of lies) {
        const { code, rule } = await failureOf(connection.answer('spring', ready(4)));
        expect([code, rule]).to.deep.equal(['verification', 'receipt']);
      }
    });
  });

  describe('trusting', () => {
    it('refuses a server of another TLS authority, without sending it anything', async () => {
      const other = await TestConsortium.make();
      let calls = 0;
      const connection = await dial(
        {
          Rounds: {
            Ready(_call, reply) {
              calls++;
              reply({ code: status.INTERNAL });
            },
          },
        },
        { tls: other },
      );
      const { code, rule } = await failureOf(connection.answer('spring', ready(1)));
      expect([code, rule, calls]).to.deep.equal(['verification', 'authority.fingerprint', 0]);
    });

    it('refuses an authority file that is not the pinned one', async () => {
      const options = { address: 'localhost:1', consortium: 'north', participantId: 'acme' };
      const pems = { certificatePem: '', privateKeyPem: '', authorityPem: consortium.authority.certificatePem };
      const wrong = {
        ...options,
        ...pems,
        tlsAuthoritySha256: '0'.repeat(64),
        coordinatorKey: () => new Uint8Array(32),
      };
      expect(() => connect(wrong)).to.throw(FederatedError, 'the TLS authority is not the one the invitation named');
    });
  });

  it('fetches a plan by its digest and refuses another one', async () => {
    const body = Buffer.from('{"run":"spring"}');
    const plan = { body, signature: new Uint8Array(64) };
    const connection = await dial({
      Plans: { Get: (_call, reply) => reply(null, { plan, operatorId: 'desk' }) },
    });
    const found = await connection.getPlan(nodeCrypto.sha256(body));
    expect([Buffer.from(found.plan.body).toString(), found.operatorId]).to.deep.equal(['{"run":"spring"}', 'desk']);
    expect((await failureOf(connection.getPlan(new Uint8Array(32)))).code).to.equal('verification');
  });

  it('asks how the coordinator is', async () => {
    const connection = await dial({
      Health: { Check: (_call, reply) => reply(null, { state: 'serving', wireVersions: [1], software: 'test/1' }) },
    });
    const { roundTripMillis, ...health } = await connection.health();
    expect(health).to.deep.equal({ state: 'serving', wireVersions: [1], software: 'test/1' });
    expect(roundTripMillis).to.be.greaterThan(0);
  });
});
