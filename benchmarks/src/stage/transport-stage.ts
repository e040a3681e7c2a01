import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bounds, merkleRoot } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { Cost } from '../measure.js';
import { OtherProcess } from './other-process.js';
import type { ParticipantQuestion } from './participant-program.js';
import { openPlainGrpc } from './plain-grpc.js';
import { openHttp2, openRaw, type RawLine } from './raw-lines.js';
import { makeParties, type TlsParties } from './tls-parties.js';
import type { FarEndPorts, FarEndQuestion } from './transport-program.js';
import { coordinatorIdentity } from './upload-target.js';

const program = resolve(import.meta.dirname, 'transport-program.js');
const participantProgram = resolve(import.meta.dirname, 'participant-program.js');
const pieceBytes = 64 * bounds.chunkBytes;

/** A participant's connection, from a process of its own. `up` is durable in the coordinator's spool when it resolves. */
export interface OurLine extends Pick<RawLine, 'down' | 'up'> {
  /** So many small calls, one after the other. */
  pings(calls: number): Promise<void>;
}

interface Vector {
  readonly path: string;
  readonly root: Uint8Array;
}

/** Both ends of every line: this process or a participant's, another that serves, and one that delays. */
export class TransportStage {
  readonly #directory: string;
  readonly #parties: TlsParties;
  readonly #farEnd = new OtherProcess<FarEndQuestion>(program);
  readonly #between = new OtherProcess<FarEndQuestion>(program);
  readonly #participants: OtherProcess<ParticipantQuestion>[] = [];
  readonly #open: { close(): void }[] = [];
  readonly #blobs = new Map<number, Uint8Array>();
  readonly #vectors = new Map<number, Vector>();
  #ports!: FarEndPorts;
  #round = 0;

  private constructor(directory: string, parties: TlsParties) {
    this.#directory = directory;
    this.#parties = parties;
  }

  /** Open it, use it, and leave nothing of it. */
  static async with<Result>(work: (stage: TransportStage) => Promise<Result>): Promise<Result> {
    const directory = await mkdtemp(join(tmpdir(), 'concordat-transport-'));
    const stage = new TransportStage(directory, await makeParties());
    try {
      const { parties, store } = { parties: stage.#parties, store: join(directory, 'store') };
      stage.#ports = await stage.#farEnd.ask({ type: 'open', directory: store, parties });
      return await work(stage);
    } finally {
      for (const line of stage.#open) line.close();
      await Promise.all([stage.#farEnd, stage.#between, ...stage.#participants].map((process) => process.close()));
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** @param rttMillis there and back, beside what the machine takes. */
  async raw(kind: 'tcp' | 'tls' | 'http2', rttMillis = 0): Promise<RawLine> {
    const port = await this.#through(this.#ports[kind], rttMillis);
    const parties = this.#parties;
    const line = await (kind === 'http2'
      ? openHttp2(port, parties)
      : openRaw(port, kind === 'tcp' ? undefined : parties));
    return this.#keep(line);
  }

  async ours(rttMillis = 0): Promise<OurLine> {
    const participant = new OtherProcess<ParticipantQuestion>(participantProgram);
    this.#participants.push(participant);
    await participant.ask({
      type: 'connect',
      port: await this.#through(this.#ports.concordat, rttMillis),
      directory: join(this.#directory, 'downloads'),
      parties: this.#parties,
      coordinatorKey: coordinatorIdentity.publicKey,
    });
    return {
      down: async (bytes) => participant.ask({ type: 'down', sha256: await this.blob(bytes), bytes }),
      up: async (bytes) => {
        const { path, root } = await this.vector(bytes);
        await participant.ask({ type: 'up', round: ++this.#round, path, bytes, merkleRoot: root });
      },
      pings: (calls) => participant.ask({ type: 'ping', calls }),
    };
  }

  /** grpc-js as it comes at both ends. */
  async plainGrpc(rttMillis: number) {
    return this.#keep(openPlainGrpc(await this.#through(this.#ports.plainGrpc, rttMillis), this.#parties));
  }

  /** @returns the digest of a blob that the far end has. */
  async blob(bytes: number): Promise<Uint8Array> {
    const digest = this.#blobs.get(bytes) ?? (await this.#farEnd.ask<Uint8Array>({ type: 'blob', bytes }));
    this.#blobs.set(bytes, digest);
    return digest;
  }

  /** A spooled vector of so many bytes. */
  async vector(bytes: number): Promise<Vector> {
    const vector = this.#vectors.get(bytes) ?? (await writeVector(join(this.#directory, `${bytes}.masked`), bytes));
    this.#vectors.set(bytes, vector);
    return vector;
  }

  /** Let go of what was uploaded. */
  forget(): Promise<void> {
    return this.#farEnd.ask({ type: 'forget' });
  }

  /** What some work costs: time on processors in this process, the one that serves, and those of participants. */
  async cost(work: () => Promise<void>): Promise<Cost> {
    const before = await this.#cpuMillis();
    const started = performance.now();
    await work();
    const wallMillis = performance.now() - started;
    return { wallMillis, cpuMillis: (await this.#cpuMillis()) - before };
  }

  /** Write as many bytes beside the store and wait for the disk. */
  async disk(bytes: number): Promise<void> {
    const path = join(this.#directory, 'disk');
    const file = await open(path, 'w');
    const piece = Buffer.alloc(bounds.chunkBytes, 1);
    for (let left = bytes; left > 0; left -= piece.length) await file.write(piece, 0, Math.min(left, piece.length));
    await file.sync();
    await file.close();
    await rm(path);
  }

  async #through(targetPort: number, rttMillis: number): Promise<number> {
    if (rttMillis === 0) return targetPort;
    return this.#between.ask({ type: 'delay', targetPort, oneWayMillis: rttMillis / 2 });
  }

  async #cpuMillis(): Promise<number> {
    const { user, system } = process.cpuUsage();
    const others = [
      this.#farEnd.ask<number>({ type: 'cpu' }),
      ...this.#participants.map((one) => one.ask<number>({ type: 'cpu' })),
    ];
    return (await Promise.all(others)).reduce((sum, millis) => sum + millis, (user + system) / 1000);
  }

  #keep<Line extends { close(): void }>(line: Line): Line {
    this.#open.push(line);
    return line;
  }
}

async function writeVector(path: string, bytes: number): Promise<Vector> {
  const file = await open(path, 'w');
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes; at += pieceBytes) {
    const piece = nodeCrypto.keystream(new Uint8Array(32), at, Math.min(pieceBytes, bytes - at));
    for (let chunk = 0; chunk < piece.length; chunk += bounds.chunkBytes) {
      const leaf = createHash('sha256').update(Uint8Array.of(0));
      leaves.push(leaf.update(piece.subarray(chunk, chunk + bounds.chunkBytes)).digest());
    }
    await file.write(piece);
  }
  await file.close();
  return { path, root: merkleRoot(nodeCrypto, leaves) };
}
