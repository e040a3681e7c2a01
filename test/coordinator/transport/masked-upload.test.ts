import type { RoundReport } from '@concordat/coordinator';
import { signBody } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { chunkToWire, sessionCodec, type wire } from '@concordat/proto';
import { expect } from 'chai';
import { type Member, refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant, sendUpload } from '../machine-participant.js';

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

  before(async () => {
    consortium = await TestConsortium.open();
    members = [];
    for (const name of ['acme', 'bluebird', 'cobalt', 'delta']) members.push(await consortium.join(name));
  });

  after(() => consortium.close());

  afterEach(() => {
    for (const participant of participants) participant.leave();
  });

  let runs = 0;

  async function oneRound(alter: (frames: Frames) => Frames): Promise<RoundReport> {
    const run = `run-${++runs}`;
    const { planHash } = await consortium.propose({ run, rounds: 1 });
    participants = members.map(
      (member, index) =>
        new MachineParticipant(member, { delta, ...(index === 0 ? { firstUpload: alter } : {}), clientEpoch: runs }),
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
      const report = await oneRound(alter);
      expect(participants[0]!.refusals.map(({ code }) => code)).to.deep.equal([answer]);
      expect([report.outcome, report.survivors.length]).to.deep.equal(['published', 4]);
    });
  }

  it('answers a repeated upload with the same receipt, also after the round, and other content with a conflict', async () => {
    await oneRound((frames) => frames.slice(0, 2));
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
});
