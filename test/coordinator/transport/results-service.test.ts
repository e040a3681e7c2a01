import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressEvent } from '@concordat/coordinator';
import {
  type CheckedTranscript,
  ChunkCheck,
  chunkCount,
  decodeRoster,
  type Finding,
  giveVerdict,
  type OwnSession,
  ownSession,
  type ReadAggregate,
  type ResultBody,
  readAggregate,
  readTranscript,
  rosterView,
  type ServedChunk,
  toBase64url,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import {
  type ShownResult,
  servedChunkFromWire,
  sessionCodec,
  shownResultFromWire,
  verdictToWire,
  type wire,
} from '@concordat/proto';
import type * as grpc from '@grpc/grpc-js';
import { expect } from 'chai';
import { call, connect, disconnect, federated, type Member, refusalOf, TestConsortium } from '../consortium.js';
import { type Behaviour, MachineParticipant } from '../machine-participant.js';

const survivors = ['acme', 'bluebird', 'cobalt', 'delta'];
const quarter: Behaviour = { delta: (parameters) => new Float32Array(parameters).fill(0.004) };
const checked = { aggregateCheck: 'on', transcriptRetention: 2, rounds: 1 } as const;

/** The chunks asked for, as they come. */
function chunksOf(member: Member, sid2: Uint8Array, chunks: readonly number[]): Promise<ServedChunk[]> {
  return served(member.stubs.Results.Chunks({ sid2, chunks: [...chunks] }));
}

function groupChunksOf(member: Member, sid2: Uint8Array, group: number, chunks: readonly number[]) {
  return served(member.stubs.Results.GroupChunks({ sid2, group, chunks: [...chunks] }));
}

function served(stream: grpc.ClientReadableStream<wire.ServedChunk__Output>): Promise<ServedChunk[]> {
  return new Promise((resolve, reject) => {
    const served: ServedChunk[] = [];
    stream.on('data', (chunk: wire.ServedChunk__Output) => {
      const { data, ...rest } = servedChunkFromWire(chunk);
      served.push({ ...rest, data: data.slice() });
    });
    stream.on('end', () => resolve(served));
    stream.on('error', (error: grpc.ServiceError) => reject(federated(error)));
  });
}

async function show(member: Member, sid2: Uint8Array): Promise<ShownResult> {
  return shownResultFromWire(await call(member.stubs.Results, 'Show', { sid2 }));
}

describe('what a coordinator shows of an opened sum', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let members: Map<string, Member>;
  let participants: Map<string, MachineParticipant>;
  let events: ProgressEvent[];
  let own: OwnSession;

  async function join_(name: string): Promise<Member> {
    const member = await consortium.join(name);
    members.set(name, member);
    return member;
  }

  /** One run; `echo` is lost at its upload of the first round. */
  async function run(planHash: Uint8Array, runId: string, names: readonly string[]): Promise<ProgressEvent[]> {
    const seen: ProgressEvent[] = [];
    const epoch = participants.size + 1;
    for (const participant of participants.values()) participant.leave();
    for (const name of names) {
      const lost = name === 'echo' ? { stallInUploadOf: { round: 1, afterBytes: 49_152 } } : {};
      const participant = new MachineParticipant(members.get(name)!, { ...quarter, ...lost, clientEpoch: epoch });
      participants.set(name, participant);
      await participant.connect();
    }
    await consortium.operator.startRun(planHash, runId);
    await consortium.operator.watch(runId, 1, ({ event }) => {
      seen.push(event);
      if (event.type === 'upload' && event.participant === 'echo' && event.bytesReceived >= 49_152) {
        participants.get('echo')!.leave();
      }
    });
    return seen;
  }

  before(async () => {
    consortium = await TestConsortium.open();
    members = new Map();
    participants = new Map();
    for (const name of [...survivors, 'echo', 'foxtrot']) await join_(name);
    const { planHash } = await consortium.propose({ ...checked, cohort: { min: 4, size: 5, max: 5 } });
    events = await run(planHash, 'spring', [...survivors, 'echo']);
    own = sessionOf('acme');
  });

  after(async () => {
    for (const participant of participants.values()) participant.leave();
    await consortium.close();
  });

  function sessionOf(name: string): OwnSession {
    const records = participants.get(name)!.records.flatMap((one) => (one.type === 'session' ? [one.record] : []));
    return ownSession(records)!;
  }

  async function read(
    member: Member,
  ): Promise<{ readonly checked: CheckedTranscript; readonly aggregate: ReadAggregate }> {
    const shown = await show(member, own.sid2);
    const { roster } = await call<wire.RosterReply__Output>(member.stubs.Membership, 'Roster', {});
    const decoded = decodeRoster(new Uint8Array(roster!.document!.body));
    const keys = [...rosterView(decoded, Date.now())].map(([id, { publicKey }]) => [id, publicKey] as const);
    const ports = { crypto: nodeCrypto, codec: sessionCodec };
    const { coordinatorKey } = decoded;
    return {
      checked: readTranscript(ports, shown.transcript, { own: sessionOf(member.id), publicKeys: new Map(keys) }),
      aggregate: readAggregate(ports, shown.aggregate, { runId: 'spring', round: 1, sid2: own.sid2, coordinatorKey }),
    };
  }

  /** What every statement on the sum is about. */
  async function result(): Promise<ResultBody> {
    const { aggregate } = await read(members.get('acme')!);
    const { aggregateHash, own: sum } = aggregate;
    return { sid2: sum.sid2, resultHash: sum.resultHash, aggregateHash };
  }

  function sign(name: string, finding: Finding): Promise<unknown> {
    const { stubs, signer } = members.get(name)!;
    const { verdict } = giveVerdict({ crypto: nodeCrypto, codec: sessionCodec, signer }, [], finding);
    return call(stubs.Results, 'Sign', verdictToWire(own.sid2, verdict));
  }

  it('is enough for a survivor to compute every chunk of it anew', async () => {
    expect(events.some((event) => event.type === 'round' && event.recovered.includes('echo'))).to.equal(true);
    for (const name of survivors) {
      const { checked: transcript, aggregate } = await read(members.get(name)!);
      const { resultHash } = aggregate.own;
      const chunks = Array.from({ length: chunkCount(transcript.layout) }, (_, chunk) => chunk);
      expect(chunks).to.have.length.above(1);
      const check = new ChunkCheck({ crypto: nodeCrypto, transcript, resultHash, chunks });
      for (const served of await chunksOf(members.get(name)!, own.sid2, chunks)) check.take(served);
      expect([...check.compare()]).to.have.length(chunks.length);
    }
  });

  it('is shown to no one whose update is not in it, and never a vector outside it', async () => {
    const echo = members.get('echo')!;
    const foxtrot = members.get('foxtrot')!;
    for (const outsider of [echo, foxtrot]) {
      expect(await refusalOf(show(outsider, own.sid2))).to.equal('refused result.survivor');
      expect(await refusalOf(chunksOf(outsider, own.sid2, [0]))).to.equal('refused result.survivor');
      expect(await refusalOf(groupChunksOf(outsider, own.sid2, 0, [0]))).to.equal('refused result.survivor');
    }
    const served = await chunksOf(members.get('acme')!, own.sid2, [0]);
    expect(served.map(({ survivor }) => survivor)).to.deep.equal([undefined, 0, 1, 2, 3]);
    expect(own.participants).to.deep.equal([...survivors, 'echo']);
  });

  it('is shown to no operator, and to nobody without a certificate', async () => {
    const { authorityPem, certificatePem, privateKeyPem } = consortium.operatorKeys;
    const { address } = consortium.coordinator;
    for (const [tls, code] of [
      [{ authorityPem, certificatePem, privateKeyPem }, 'permission'],
      [{ authorityPem }, 'unauthenticated'],
    ] as const) {
      const stubs = connect(address, tls);
      const stranger = { id: '', signer: members.get('acme')!.signer, tls, stubs };
      expect(await refusalOf(call(stubs.Results, 'Show', { sid2: own.sid2 }))).to.equal(code);
      expect(await refusalOf(chunksOf(stranger, own.sid2, [0]))).to.equal(code);
      expect(await refusalOf(groupChunksOf(stranger, own.sid2, 0, [0]))).to.equal(code);
      expect(await refusalOf(call(stubs.Results, 'Sign', { sid2: own.sid2 }))).to.equal(code);
      disconnect(stubs);
    }
  });

  it('is refused by name for what is not there, or asked for in a way that nobody asks', async () => {
    const acme = members.get('acme')!;
    expect(await refusalOf(show(acme, new Uint8Array(32)))).to.equal('refused result.unknown');
    expect(await refusalOf(show(acme, own.sid2.subarray(1)))).to.equal('malformed');
    expect(await refusalOf(chunksOf(acme, new Uint8Array(0), [0]))).to.equal('malformed');
    // The round has one session: the first group, and no other.
    expect(await groupChunksOf(acme, own.sid2, 0, [0])).to.have.length(1);
    for (const group of [1, 4_000_000_000]) {
      expect(await refusalOf(groupChunksOf(acme, own.sid2, group, [0]))).to.equal('refused result.unknown');
    }
    const many = Array.from({ length: 65 }, (_, chunk) => chunk);
    for (const chunks of [[], [1, 0], [0, 0], [99], many, new Array<number>(8_000).fill(9)]) {
      expect(await refusalOf(chunksOf(acme, own.sid2, chunks)), `${chunks.length} chunks`).to.equal(
        'invalid-argument check.chunks',
      );
    }
    // More fields than any message has are not decoded at all; what is longer than any message, gRPC refuses.
    for (const [count, refusal] of [
      [100_000, 'malformed'],
      [600_000, 'unavailable'],
    ] as const) {
      const endless = new Array<number>(count).fill(4_000_000_000);
      expect(await refusalOf(chunksOf(acme, own.sid2, endless))).to.equal(refusal);
    }
    expect((await chunksOf(acme, own.sid2, [0])).length).to.equal(5);
  });

  it('takes a verdict of a survivor in its own name, once', async () => {
    const signed = await result();
    const right: Finding = { type: 'right', ...signed };
    const wrong: Finding = { type: 'wrong', ...signed, group: 0, rule: 'check.sum', chunk: 1, lane: 17 };
    const acme = members.get('acme')!;
    expect(await refusalOf(call(acme.stubs.Results, 'Sign', { sid2: own.sid2 }))).to.equal('malformed');
    for (const [field, rule] of [
      ['resultHash', 'result.hash'],
      ['aggregateHash', 'result.aggregate'],
    ] as const) {
      const other = { ...right, [field]: new Uint8Array(32) };
      expect(await refusalOf(sign('acme', other))).to.equal(`verification ${rule}`);
    }
    expect(await refusalOf(sign('echo', right))).to.equal('refused result.survivor');
    const foreign = giveVerdict(
      { crypto: nodeCrypto, codec: sessionCodec, signer: members.get('bluebird')!.signer },
      [],
      right,
    );
    expect(await refusalOf(call(acme.stubs.Results, 'Sign', verdictToWire(own.sid2, foreign.verdict)))).to.equal(
      'verification result.signature',
    );
    const receipt = await sign('acme', right);
    expect(await sign('acme', right)).to.deep.equal(receipt);
    expect(await refusalOf(sign('acme', wrong))).to.equal('conflict');
    expect(await refusalOf(sign('delta', wrong))).to.equal('nothing');
    expect(await refusalOf(sign('delta', right))).to.equal('conflict');
  });

  it('says how a release stands, and by whom it is disputed, also after a restart', async () => {
    const signed = await result();
    for (const name of ['bluebird', 'cobalt']) await sign(name, { type: 'right', ...signed });
    await consortium.restart();
    for (const [name, member] of members) {
      disconnect(member.stubs);
      members.set(name, { ...member, stubs: connect(consortium.coordinator.address, member.tls) });
    }
    const [spring] = (await consortium.operator.status()).runs;
    expect(spring!.releases).to.deep.equal([
      {
        round: 1,
        modelVersion: 1,
        signed: ['acme', 'bluebird', 'cobalt'],
        disputed: [{ participant: 'delta', rule: 'check.sum', chunk: 1, lane: 17 }],
        of: 4,
        threshold: 4,
        released: false,
      },
    ]);
    const shown = await show(members.get('acme')!, own.sid2);
    expect([shown.signed, shown.disputed]).to.deep.equal([['acme', 'bluebird', 'cobalt'], ['delta']]);
    expect((await chunksOf(members.get('acme')!, own.sid2, [0])).length).to.equal(5);
  });

  it('is destroyed with its secrets after as many rounds as the plan says, of whatever run', async () => {
    const { secrets } = (await show(members.get('acme')!, own.sid2)).transcript;
    const store = join(consortium.directory, 'coordinator/store');
    const holds = () => {
      const files = readdirSync(store).filter((name) => name.startsWith('coordinator.db'));
      const written = Buffer.concat(files.map((name) => readFileSync(join(store, name))));
      return secrets.filter((secret) => written.includes(toBase64url(secret))).length;
    };
    expect(holds()).to.equal(5);
    expect(readdirSync(join(store, 'spool'))).to.deep.equal(['spring']);
    const { planHash } = await consortium.propose({ ...checked, rounds: 2, run: 'autumn' });
    await run(planHash, 'autumn', survivors);
    expect(await refusalOf(show(members.get('acme')!, own.sid2))).to.equal('refused result.unknown');
    expect(await refusalOf(chunksOf(members.get('acme')!, own.sid2, [0]))).to.equal('refused result.unknown');
    expect(holds()).to.equal(0);
    expect(readdirSync(join(store, 'spool/spring'))).to.deep.equal([]);
    // What was signed stays.
    const { runs } = await consortium.operator.status();
    expect(runs.find(({ run: name }) => name === 'spring')!.releases).to.have.length(1);
  });
});
