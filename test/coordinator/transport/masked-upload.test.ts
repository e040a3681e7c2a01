import type { RoundReport } from '@concordat/coordinator';
import { encodeSafetensors, type FederatedError, type PlanDraft, signBody } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { chunkToWire, sessionCodec, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { skippedClock } from '../../support/skipped-clock.js';
import { taskOn } from '../../support/test-plan.js';
import { type Member, refusalOf, TestConsortium } from '../consortium.js';
import { type Behaviour, beginUpload, MachineParticipant, sendUpload } from '../machine-participant.js';

type Frames = readonly wire.UploadFrame[];

const delta = (parameters: number): Float32Array => new Float32Array(parameters).fill(0.002);
const dataOf = (frame: wire.UploadFrame): Uint8Array => new Uint8Array(frame.chunk!.data as Uint8Array);

/** Ways to send a vector that is not the one announced, and how each is answered. */
const hostile: readonly {
  readonly what: string;
  readonly alter: (frames: Frames) => Frames;
  readonly answer: string;
}[] = [
  {
    what: 'a chunk whose CRC is wrong',
    alter: ([header, first, ...rest]) => [
      header!,
      { chunk: { ...first!.chunk, crc32: first!.chunk!.crc32! ^ 1 } },
      ...rest,
    ],
    answer: 'verification',
  },
  {
    what: 'chunks out of order',
    alter: ([header, first, second, ...rest]) => [header!, second!, first!, ...rest],
    answer: 'malformed',
  },
  {
    what: 'a chunk twice',
    alter: ([header, first, ...rest]) => [header!, first!, first!, ...rest],
    answer: 'malformed',
  },
  {
    what: 'more bytes than announced',
    alter: (frames) => {
      const last = frames.at(-1)!;
      const longer = Buffer.concat([dataOf(last), Buffer.alloc(48)]);
      return [...frames.slice(0, -1), { chunk: chunkToWire(Number(last.chunk!.offset), longer) }];
    },
    answer: 'malformed',
  },
  {
    what: 'fewer bytes than announced',
    alter: (frames) => frames.slice(0, -1),
    answer: 'unavailable',
  },
  {
    what: 'other bytes than the header signs',
    alter: (frames) => {
      const [header, first, ...rest] = frames;
      const other = dataOf(first!);
      other[100]! ^= 1;
      return [header!, { chunk: chunkToWire(0, other) }, ...rest];
    },
    answer: 'verification',
  },
  { what: 'no header', alter: (frames) => frames.slice(1), answer: 'malformed' },
];

describe('the upload of a masked vector', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let members: Member[];
  let participants: MachineParticipant[] = [];
  const clock = skippedClock();

  before(async () => {
    consortium = await TestConsortium.open({ clock });
    members = [];
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) members.push(await consortium.join(name));
  });

  after(() => consortium.close());

  afterEach(() => {
    for (const participant of participants) participant.leave();
  });

  let runs = 0;

  const firstSends = (alter: (frames: Frames) => Frames) => oneRound({ firstUpload: alter });

  async function oneRound(first: Partial<Behaviour>, draft: Partial<PlanDraft> = {}): Promise<RoundReport> {
    const run = `run-${++runs}`;
    // A step is longer than a stream may be silent.
    const deadlines = { selectMillis: 50, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 100 };
    const { planHash } = await consortium.propose({ run, rounds: 1, deadlines, ...draft });
    participants = members.map(
      (member, index) => new MachineParticipant(member, { delta, ...(index === 0 ? first : {}), clientEpoch: runs }),
    );
    for (const participant of participants) await participant.connect();
    await consortium.operator.startRun(planHash, run);
    let report: RoundReport | undefined;
    await consortium.operator.watch(run, 1, ({ event }) => {
      if (event.type === 'round') report = event;
    });
    return report!;
  }

  for (const { what, alter, answer } of hostile) {
    it(`refuses ${what} and takes the right vector afterwards`, async () => {
      const report = await firstSends(alter);
      expect(participants[0]!.refusals.map(({ code }) => code)).to.deep.equal([answer]);
      expect([report.outcome, report.survivors.length]).to.deep.equal(['published', 4]);
    });
  }

  it('answers a repeated upload with the same receipt, also after the round, and other content with a conflict', async () => {
    await firstSends((frames) => frames.slice(0, 2));
    const { uploads, receipts } = participants[1]!;
    const again = await sendUpload(members[1]!, uploads[0]!).sent;
    expect(again).to.deep.equal(receipts[0]);
    const [header, ...rest] = uploads[0]!;
    const body = sessionCodec.upload.decode(new Uint8Array(header!.header!.upload!.body as Uint8Array));
    const other = sessionCodec.upload.encode({ ...body, merkleRoot: new Uint8Array(32) });
    const signed = signBody(nodeCrypto, members[1]!.signer, 'CSA1/upload', other);
    const changed = [{ header: { ...header!.header, upload: signed } }, ...rest];
    expect(await refusalOf(sendUpload(members[1]!, changed).sent)).to.equal('conflict');
  });

  it('takes no upload for somebody else: the certificate says who it is', async () => {
    const { uploads } = participants[1]!;
    expect(await refusalOf(sendUpload(members[2]!, uploads[0]!).sent)).to.equal('conflict');
  });

  const chunkBytes = 49_152;
  const offsetOf = async (member: Member, frames: Frames) => (await beginUpload(member, frames)).committedOffset;
  const uploadBytes = async () => {
    const { traffic } = await consortium.coordinator.status();
    return traffic.find(({ participant }) => participant === 'acme')?.uploadBytes ?? 0;
  };
  /** A stream that stays open behind its first chunk, which is there. */
  const hanging = async (member: Member, frames: Frames) => {
    const before = await uploadBytes();
    const { sent } = sendUpload(member, frames.slice(0, 2), { open: true });
    const ended = sent.then(
      () => undefined,
      (error: FederatedError) => error,
    );
    while ((await uploadBytes()) < before + chunkBytes) await new Promise((resolve) => setImmediate(resolve));
    return { ended };
  };
  /** Header and chunks from one on. */
  const from = ([header, ...chunks]: Frames, chunk: number): Frames => [header!, ...chunks.slice(chunk)];

  it('goes on from the last whole chunk of a stream that broke, and gives the sum of all', async () => {
    const offsets: (number | undefined)[] = [];
    const before = await uploadBytes();
    const report = await oneRound({
      send: async (frames, member) => {
        offsets.push(await offsetOf(member, frames));
        const chunk = frames[2]!.chunk!;
        const half = chunkToWire(Number(chunk.offset), new Uint8Array(chunk.data as Uint8Array).subarray(0, 20_000));
        const broken = [...frames.slice(0, 2), { chunk: half }];
        expect(await refusalOf(sendUpload(member, broken).sent)).to.equal('unavailable');
        offsets.push(await offsetOf(member, frames));
        expect(await refusalOf(sendUpload(member, from(frames, 1).slice(0, 2)).sent)).to.equal('unavailable');
        offsets.push(await offsetOf(member, frames));
        return sendUpload(member, from(frames, 2)).sent;
      },
    });
    expect(offsets).to.deep.equal([0, chunkBytes, 2 * chunkBytes]);
    expect([report.outcome, report.survivors.length]).to.deep.equal(['published', 4]);
    // Only the half chunk crossed twice.
    const vectorBytes = participants[0]!.vectors.get(1)!.length;
    expect((await uploadBytes()) - before).to.be.within(vectorBytes + 20_000, vectorBytes + 24_000);
  });

  it('tells a sender whose answer was lost that all of it is there', async () => {
    const report = await oneRound({
      send: async (frames, member) => {
        // The handler ran to its end; its answer is thrown away.
        const lost = await sendUpload(member, frames).sent;
        const { receipt } = await beginUpload(member, frames);
        expect(receipt).to.deep.equal(lost);
        return receipt!;
      },
    });
    expect(report.outcome).to.equal('published');
  });

  it('takes a vector over from a stream that hangs: the older one ends by name', async () => {
    const answers: unknown[] = [];
    const report = await oneRound({
      send: async (frames, member) => {
        const older = await hanging(member, frames);
        answers.push(await offsetOf(member, frames), (await older.ended)?.code);
        const oldest = await hanging(member, from(frames, 1));
        const receipt = await sendUpload(member, from(frames, 2)).sent;
        answers.push((await oldest.ended)?.message);
        return receipt;
      },
    });
    expect(answers).to.deep.equal([chunkBytes, 'protocol', 'a newer stream of this vector took the place of this one']);
    expect(report.survivors).to.have.length(4);
  });

  it('refuses another vector in the place of one that was begun, and chunks that do not follow what is there', async () => {
    const answers: unknown[] = [];
    const report = await oneRound({
      send: async (frames, member) => {
        await refusalOf(sendUpload(member, frames.slice(0, 2)).sent);
        const body = sessionCodec.upload.decode(new Uint8Array(frames[0]!.header!.upload!.body as Uint8Array));
        const other = sessionCodec.upload.encode({ ...body, merkleRoot: new Uint8Array(32) });
        const signed = signBody(nodeCrypto, member.signer, 'CSA1/upload', other);
        answers.push(await refusalOf(beginUpload(member, [{ header: { ...frames[0]!.header, upload: signed } }])));
        answers.push(await refusalOf(sendUpload(member, from(frames, 2)).sent));
        answers.push(await offsetOf(member, frames));
        return sendUpload(member, from(frames, 1)).sent;
      },
    });
    expect(answers).to.deep.equal(['conflict', 'malformed', chunkBytes]);
    expect(report.survivors).to.have.length(4);
  });

  it('takes a vector of one chunk that nobody asked about first, under all the rules of one that was', async () => {
    const tensors = [{ name: 'w', shape: [40], values: new Float32Array(40) }];
    const topology = Buffer.from('{"class_name":"Sequential"}');
    await consortium.operator.put(encodeSafetensors(tensors));
    const answers: unknown[] = [];
    const report = await oneRound(
      {
        send: async (frames, member) => {
          const [header, chunk] = frames as [wire.UploadFrame, wire.UploadFrame];
          const data = dataOf(chunk);
          const refused = async (...sent: Frames) => answers.push(await refusalOf(sendUpload(member, sent).sent));
          await refused(header, { chunk: chunkToWire(0, data.subarray(0, 100)) });
          await refused(header, { chunk: chunkToWire(100, data.subarray(100)) });
          await refused(header, { chunk: chunkToWire(0, Buffer.concat([data, Buffer.alloc(48)])) });
          await refused(header, {
            chunk: chunkToWire(
              0,
              data.map((byte) => byte ^ 1),
            ),
          });
          const body = sessionCodec.upload.decode(new Uint8Array(header.header!.upload!.body as Uint8Array));
          const other = sessionCodec.upload.encode({ ...body, merkleRoot: new Uint8Array(32) });
          const signed = signBody(nodeCrypto, member.signer, 'CSA1/upload', other);
          await refused({ header: { ...header.header, upload: signed } }, chunk);
          const receipt = await sendUpload(member, frames).sent;
          expect(await sendUpload(member, frames).sent).to.deep.equal(receipt);
          answers.push(frames.length);
          return receipt;
        },
      },
      { task: taskOn({ topology, tensors }) },
    );
    expect(answers).to.deep.equal(['unavailable', 'malformed', 'malformed', 'verification', 'conflict', 2]);
    expect(report.survivors).to.have.length(4);
  });

  it('ends a stream that stands still by name, and goes on from what came', async () => {
    let stalled: FederatedError | undefined;
    const report = await oneRound({
      send: async (frames, member) => {
        const { ended } = await hanging(member, frames);
        // The streams of the others would stand still as well.
        while (participants.slice(1).some(({ receipts }) => receipts.length === 0)) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        // 15 s, and 7.9 s that a frame may take at the plan's rate; a step has 60.
        clock.skip(22_000);
        clock.skip(2_000);
        stalled = await ended;
        expect(await offsetOf(member, frames)).to.equal(chunkBytes);
        return sendUpload(member, from(frames, 1)).sent;
      },
    });
    const { rule, bytesReceived, silentMillis } = stalled!.detail;
    expect([stalled!.code, rule, bytesReceived, silentMillis]).to.deep.equal([
      'deadline',
      'upload.lease',
      chunkBytes,
      22_865,
    ]);
    expect(report.survivors).to.have.length(4);
  });
});
