import {
  bounds,
  type CoordinatorMessage,
  FederatedError,
  type ParticipantMessage,
  type SessionFrame,
  type SessionReply,
} from '@concordat/core';
import {
  type AnswerCall,
  type AssignmentFrame,
  answerFromWire,
  answerToWire,
  assignmentFromWire,
  assignmentToWire,
  chunkFromWire,
  chunkToWire,
  type ReceiptsPage,
  type ReceivedCall,
  receiptFromWire,
  receiptPlaceFromWire,
  receiptsPageFromWire,
  receiptsPageToWire,
  receiptToWire,
  signedFromWire,
  type wire,
} from '@concordat/proto';
import { expect } from 'chai';
import fc from 'fast-check';
import { methodOf } from './services.js';

const hash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const signed = (fill: number) => ({ body: Uint8Array.of(fill, 1), signature: new Uint8Array(64).fill(fill) });
const box = { box: new Uint8Array(80).fill(1), selfShareHash: hash(2), maskShareHash: hash(3) };

const checkIn = methodOf<object, wire.Assignment>('Rounds', 'CheckIn');
const throughCheckIn = (frame: AssignmentFrame): AssignmentFrame =>
  assignmentFromWire(
    checkIn.responseDeserialize(checkIn.responseSerialize(assignmentToWire(frame) as never) as never) as never,
  );

const receiptsCall = methodOf<object, wire.ReceiptsReply>('Rounds', 'Receipts');
const throughPage = (page: ReceiptsPage): ReceiptsPage =>
  receiptsPageFromWire(
    receiptsCall.responseDeserialize(
      receiptsCall.responseSerialize(receiptsPageToWire(page) as never) as never,
    ) as never,
  );

const throughCall = (runId: string, message: ParticipantMessage) => {
  const call: AnswerCall = answerToWire({ runId, message });
  const method = methodOf(call.method === 'UploadMaskedUpdate' ? 'Blobs' : 'Rounds', call.method);
  const request = method.requestDeserialize(method.requestSerialize(call.request as never) as never) as object;
  const body = call.method === 'UploadMaskedUpdate' ? (request as wire.UploadFrame__Output).header : request;
  return answerFromWire({ method: call.method, request: body } as ReceivedCall);
};

const sessionFrames: SessionFrame[] = [
  { type: 'open', config: signed(1) },
  { type: 'cohort', adverts: [signed(1), signed(2), signed(3)] },
  {
    type: 'boxes',
    boxes: [
      { ...box, dealer: 0, share: signed(4), path: [hash(1), hash(2)] },
      { ...box, box: new Uint8Array(0), dealer: 255, share: signed(5), path: [] },
    ],
  },
  {
    type: 'dealers',
    dealers: Uint8Array.of(7),
    shares: [{ dealer: 0, bodyHash: hash(1), signature: signed(1).signature }],
  },
  { type: 'proposal', proposal: signed(1), uploads: [{ participant: 0, upload: signed(2) }] },
  { type: 'certificate', body: Uint8Array.of(1), signatures: [{ participant: 0, signature: signed(1).signature }] },
  { type: 'abort-proposal', sid: hash(6) },
  {
    type: 'abort-certificate',
    body: Uint8Array.of(1),
    signatures: [
      { participant: 0, signature: signed(1).signature },
      { participant: 255, signature: signed(2).signature },
    ],
  },
];

const sessionReplies: SessionReply[] = [
  { type: 'advertise', advert: signed(1) },
  { type: 'share', share: signed(1), boxes: [box, { ...box, box: new Uint8Array(0) }] },
  { type: 'confirm', confirm: signed(1) },
  { type: 'upload', upload: signed(1) },
  { type: 'certify', statement: signed(1) },
  { type: 'reveal', reveal: signed(1) },
  { type: 'abort', statement: signed(1) },
];

const coordinatorMessages: CoordinatorMessage[] = [
  { type: 'run', runId: 'run-1', planHash: hash(1), rosterHash: hash(2) },
  { type: 'train', round: 1, kind: 'train', modelVersion: 0, baseModelHash: hash(1), readyMillis: 60_000 },
  { type: 'train', round: 2, kind: 'evaluate', modelVersion: 1, baseModelHash: hash(2), readyMillis: 1 },
  ...sessionFrames.map((frame): CoordinatorMessage => ({ type: 'session', round: 2, frame })),
  { type: 'not-chosen', round: 2, reason: 'the cohort is full' },
  { type: 'paused', reason: 'the model is looked at first' },
  {
    type: 'waiting',
    round: 2,
    step: 'upload',
    awaited: ['beta', 'delta'],
    remainingMillis: 0,
    // biome-ignore lint/suspicious/noThenProperty: the protocol's word.
    then: 'the round goes on with 3 ≥ T = 3',
  },
  { type: 'abandoned', round: 2, reason: 'too few', retry: true },
  { type: 'abandoned', round: 2, reason: 'too few', retry: false },
  { type: 'published', round: 2, modelVersion: 1, modelHash: hash(1), survivors: 4 },
  { type: 'finished', modelVersion: 10, modelHash: hash(1), outcome: 'completed', reason: '' },
  { type: 'finished', modelVersion: 0, modelHash: new Uint8Array(0), outcome: 'aborted', reason: 'by the operator' },
];

const participantMessages: ParticipantMessage[] = [
  { type: 'approved', planHash: hash(1), rosterHash: hash(2), approval: signed(3) },
  { type: 'decline', round: 0, step: 'approve', code: 'refused', rule: 'cohort.min', message: 'too small' },
  { type: 'decline', round: 4, step: 'train', code: 'internal', rule: '', message: '' },
  { type: 'ready', round: 1, baseModelHash: hash(1) },
  ...sessionReplies.map((frame): ParticipantMessage => ({ type: 'session', round: 2, frame })),
];

describe('frames on the wire', () => {
  for (const message of coordinatorMessages) {
    const name = message.type === 'session' ? `session ${message.frame.type}` : message.type;
    it(`carry the coordinator's ${name}`, () => {
      const frame: AssignmentFrame = { sequence: 7, runId: 'run-1', message };
      expect(throughCheckIn(frame)).to.deep.equal(frame);
    });
  }

  it('carry the welcome that opens a stream', () => {
    const receipts = [{ receipt: signed(1) }, { receipt: signed(2), baseModelHash: hash(3) }];
    const message = { type: 'welcome', wireVersion: 1, software: 'concordat 0.1.0', consortium: 'health' } as const;
    const frame = { sequence: 0, runId: '', message: { ...message, receipts } };
    expect(throughCheckIn(frame)).to.deep.equal(frame);
  });

  it('carry no more receipts in a welcome or on a page than their bounds say', () => {
    const receipts = (count: number) => Array.from({ length: count }, () => ({ receipt: signed(1) }));
    const message = { type: 'welcome', wireVersion: 1, software: 'x', consortium: 'health' } as const;
    const welcome = (count: number) => () =>
      throughCheckIn({ sequence: 0, runId: '', message: { ...message, receipts: receipts(count) } });
    welcome(bounds.welcomeReceiptsMax)();
    expect(welcome(bounds.welcomeReceiptsMax + 1))
      .to.throw(FederatedError)
      .with.property('code', 'malformed');
    const page = (count: number) => () => throughPage({ receipts: receipts(count), more: false, clientEpoch: 1 });
    page(bounds.receiptsPageMax)();
    expect(page(bounds.receiptsPageMax + 1))
      .to.throw(FederatedError)
      .with.property('code', 'malformed');
  });

  it('carry a page of receipts, and refuse epochs and base models out of bounds', () => {
    const receipts = [{ receipt: signed(1) }, { receipt: signed(2), baseModelHash: hash(3) }];
    const page = { receipts, more: true, clientEpoch: 7 };
    expect(throughPage(page)).to.deep.equal(page);
    const bad = [
      { ...page, clientEpoch: bounds.clientEpochMax + 1 },
      { ...page, receipts: [{ receipt: signed(1), baseModelHash: new Uint8Array(31) }] },
      { ...page, receipts: [{ receipt: { ...signed(1), signature: new Uint8Array(63) } }] },
    ];
    for (const one of bad) {
      expect(() => throughPage(one))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  it('carry where a page of receipts begins', () => {
    const { requestDeserialize, requestSerialize } = methodOf<wire.ReceiptsRequest, object>('Rounds', 'Receipts');
    const through = (request: wire.ReceiptsRequest) =>
      receiptPlaceFromWire(requestDeserialize(requestSerialize(request) as never) as never);
    expect(through({})).to.equal(undefined);
    const place = { runId: 'run-1', round: 3, step: 'share' };
    expect(through(place)).to.deep.equal(place);
    for (const bad of [{ runId: '../x' }, { runId: 'run-1', round: 2 ** 31 }, { runId: 'run-1', step: 'a b' }]) {
      expect(() => through(bad))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  for (const message of participantMessages) {
    const name = message.type === 'session' ? `session ${message.frame.type}` : message.type;
    it(`carry the participant's ${name}`, () => {
      expect(throughCall('run-1', message)).to.deep.equal({ runId: 'run-1', message });
    });
  }

  it('carry receipts', () => {
    const ready = methodOf<object, wire.Receipt>('Rounds', 'Ready');
    const reply = ready.responseDeserialize(
      ready.responseSerialize(receiptToWire(signed(1)) as never) as never,
    ) as never;
    expect(receiptFromWire(reply)).to.deep.equal(signed(1));
  });

  it('are refused without their message, key or signature, or out of bounds', () => {
    const refused = (run: () => unknown): void => {
      expect(run).to.throw(FederatedError).with.property('code', 'malformed');
    };
    const empty = checkIn.responseDeserialize(Buffer.alloc(0) as never) as never;
    refused(() => assignmentFromWire(empty));
    refused(() => throughCheckIn({ sequence: 0, runId: '../x', message: coordinatorMessages[1]! }));
    refused(() => throughCheckIn({ sequence: 0, runId: 'r', message: { type: 'not-chosen', round: 0, reason: '' } }));
    refused(() => throughCheckIn({ sequence: 0, runId: 'r', message: { type: 'paused', reason: 'x'.repeat(1025) } }));
    refused(() =>
      throughCheckIn({ sequence: 0, runId: 'r', message: { type: 'not-chosen', round: 1, reason: 'x'.repeat(1025) } }),
    );
    refused(() => throughCall('', participantMessages[0]!));
    refused(() => answerFromWire({ method: 'UploadMaskedUpdate', request: undefined }));
    refused(() => signedFromWire({ body: Buffer.alloc(1), signature: Buffer.alloc(63) }));
    refused(() => signedFromWire({ body: Buffer.alloc(11), signature: Buffer.alloc(64) }, 10));
    refused(() => signedFromWire(null));
    const reply: SessionReply = { type: 'share', share: signed(1), boxes: Array(257).fill(box) };
    refused(() => throughCall('run-1', { type: 'session', round: 1, frame: reply }));
  });

  it('carry no abort of another sid, size or number of signers than the bounds say', () => {
    const signature = signed(1).signature;
    const one = { participant: 0, signature };
    const frames: SessionFrame[] = [
      { type: 'abort-proposal', sid: new Uint8Array(31) },
      { type: 'abort-proposal', sid: new Uint8Array(0) },
      { type: 'abort-certificate', body: new Uint8Array(0), signatures: [one] },
      { type: 'abort-certificate', body: new Uint8Array(bounds.certificateBytesMax + 1), signatures: [one] },
      { type: 'abort-certificate', body: Uint8Array.of(1), signatures: Array(257).fill(one) },
      { type: 'abort-certificate', body: Uint8Array.of(1), signatures: [{ ...one, participant: 256 }] },
      { type: 'abort-certificate', body: Uint8Array.of(1), signatures: [{ participant: 0, signature: hash(1) }] },
    ];
    for (const frame of frames) {
      expect(() => throughCheckIn({ sequence: 0, runId: 'r', message: { type: 'session', round: 1, frame } }))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
    const statement = { body: Uint8Array.of(1), signature: hash(1) };
    expect(() => throughCall('run-1', { type: 'session', round: 1, frame: { type: 'abort', statement } }))
      .to.throw(FederatedError)
      .with.property('code', 'malformed');
  });

  it('carry no round of a kind that does not exist', () => {
    const train = coordinatorMessages[1] as Extract<CoordinatorMessage, { type: 'train' }>;
    for (const kind of ['', 'audit']) {
      const message = { ...train, kind: kind as 'train' };
      expect(() => throughCheckIn({ sequence: 0, runId: 'r', message }))
        .to.throw(FederatedError)
        .with.property('code', 'malformed');
    }
  });

  it('do not keep the received message alive', () => {
    const bytes = checkIn.responseSerialize(
      assignmentToWire({ sequence: 1, runId: 'r', message: coordinatorMessages[0]! }) as never,
    );
    const { message } = assignmentFromWire(checkIn.responseDeserialize(bytes as never) as never);
    expect((message as { planHash: Uint8Array }).planHash.buffer.byteLength).to.equal(32);
  });

  it('survive noise with nothing but malformed', () => {
    const methods = ['Answer', 'Ready', 'Advertise', 'Share', 'Confirm', 'Certify', 'Reveal', 'Abort'] as const;
    const total = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        expect(error).to.be.instanceOf(FederatedError).with.property('code', 'malformed');
      }
    };
    fc.assert(
      fc.property(fc.constantFrom(...methods), fc.uint8Array({ maxLength: 200 }), (method, noise) => {
        const { requestDeserialize } = methodOf('Rounds', method);
        total(() => answerFromWire({ method, request: requestDeserialize(Buffer.from(noise) as never) } as never));
        total(() => assignmentFromWire(checkIn.responseDeserialize(Buffer.from(noise) as never) as never));
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});

describe('a chunk', () => {
  const upload = methodOf<wire.UploadFrame, object>('Blobs', 'UploadMaskedUpdate');
  const through = (chunk: wire.Chunk): wire.Chunk__Output => {
    const frame = upload.requestDeserialize(
      upload.requestSerialize({ chunk } as never) as never,
    ) as wire.UploadFrame__Output;
    return frame.chunk!;
  };

  it('arrives with its offset and bytes', () => {
    const data = new Uint8Array(983_040).fill(7);
    const { offset, data: received } = chunkFromWire(through(chunkToWire(245_760, data)));
    expect(offset).to.equal(245_760);
    expect(Buffer.from(received).equals(data)).to.equal(true);
  });

  it('is refused when a bit changed on the way', () => {
    const chunk = through(chunkToWire(0, Uint8Array.of(1, 2, 3)));
    chunk.data[1]! ^= 4;
    expect(() => chunkFromWire(chunk))
      .to.throw(FederatedError, 'damaged')
      .with.property('code', 'verification');
  });

  it('is neither empty nor longer than the bounds say', () => {
    for (const length of [0, 983_041]) {
      expect(() => chunkToWire(0, new Uint8Array(length))).to.throw(FederatedError);
      expect(() => chunkFromWire({ offset: 0, crc32: 0, data: Buffer.alloc(length) })).to.throw(FederatedError);
    }
    expect(() => chunkFromWire(null)).to.throw(FederatedError);
  });
});
