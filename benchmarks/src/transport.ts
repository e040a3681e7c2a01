import { type Cost, median } from './measure.js';
import type { Measurement, Question } from './measurement.js';
import { TransportStage } from './stage/transport-stage.js';

const mebibyte = 2 ** 20;
const streamBytes = 40e6;
/** Enough for the plain window to be full all the time, and short enough to wait for: 2 s at 50 ms. */
const plainBytes = 2e6;
const pings = 50;
/** Turns until the code of every process is compiled, where they are short. */
const warmTurns = 20;

/**
 * How fast one stream brings a blob to a participant, over mutual TLS with our settings at both ends; beside the same bytes over TLS alone.
 */
export function measureStream({ repeats }: Question): Promise<Measurement> {
  return TransportStage.with(async (stage) => {
    const [tcp, tls, http2, ours] = [
      await stage.raw('tcp'),
      await stage.raw('tls'),
      await stage.raw('http2'),
      await stage.ours(),
    ];
    await stage.blob(streamBytes);
    const costs = await alternate(stage, warmTurns, repeats, {
      ours: () => ours.down(streamBytes),
      tls: () => tls.down(streamBytes),
      http2: () => http2.down(streamBytes),
      tcp: () => tcp.down(streamBytes),
    });
    return {
      value: rate(costs.ours, streamBytes),
      unit: 'MiB/s',
      limit: rate(costs.tls, streamBytes),
      detail: {
        bytes: streamBytes,
        cipher: tls.cipher,
        tcpMiBPerSecond: rate(costs.tcp, streamBytes),
        http2MiBPerSecond: rate(costs.http2, streamBytes),
        ...processorCosts(costs, streamBytes),
      },
    };
  });
}

/**
 * How fast a vector is durable in the spool: the question, the upload, fsync, the receipt; beside our stream down of 40 MB.
 *
 * @param bytes of the vector.
 */
export function measureDurableUpload({ repeats }: Question, bytes: number): Promise<Measurement> {
  return TransportStage.with(async (stage) => {
    const [tls, ours] = [await stage.raw('tls'), await stage.ours()];
    await stage.blob(streamBytes);
    await stage.vector(bytes);
    const costs = await alternate(stage, warmTurns, repeats, {
      ours: () => ours.up(bytes),
      stream: () => ours.down(streamBytes),
      tls: () => tls.up(bytes),
      disk: () => stage.disk(bytes),
    });
    return {
      value: rate(costs.ours, bytes),
      unit: 'MiB/s',
      limit: rate(costs.stream, streamBytes),
      detail: {
        bytes,
        tlsMiBPerSecond: rate(costs.tls, bytes),
        diskMiBPerSecond: rate(costs.disk, bytes),
        ...processorCosts({ ours: costs.ours, tls: costs.tls }, bytes),
      },
    };
  });
}

/** How long a small call takes, beside as many bytes there and back over TLS alone. */
export function measureUnary({ repeats }: Question): Promise<Measurement> {
  return TransportStage.with(async (stage) => {
    const [tls, http2, ours] = [await stage.raw('tls'), await stage.raw('http2'), await stage.ours()];
    const times = async (ping: () => Promise<void>) => {
      for (let call = 0; call < pings; call++) await ping();
    };
    const costs = await alternate(stage, warmTurns, repeats, {
      ours: () => ours.pings(pings),
      tls: () => times(tls.ping),
      http2: () => times(http2.ping),
    });
    const each = (cost: Cost) => cost.wallMillis / pings;
    return {
      value: each(costs.ours),
      unit: 'ms',
      limit: each(costs.tls),
      detail: { calls: pings, http2Millis: each(costs.http2), oursCpuMillis: costs.ours.cpuMillis / pings },
    };
  });
}

/**
 * The durable upload of 40 MB over a line of `rttMillis` there and back, beside TLS alone over the same line; and what grpc-js gives with the
 * windows that it comes with, without a disk.
 */
export function measureDistance({ repeats }: Question, rttMillis: number): Promise<Measurement> {
  return TransportStage.with(async (stage) => {
    const [tls, ours, plain] = [
      await stage.raw('tls', rttMillis),
      await stage.ours(rttMillis),
      await stage.plainGrpc(rttMillis),
    ];
    await stage.blob(streamBytes);
    await stage.vector(streamBytes);
    const costs = await alternate(stage, 1, repeats, {
      ours: () => ours.up(streamBytes),
      down: () => ours.down(streamBytes),
      tls: () => tls.up(streamBytes),
      plain: () => plain.up(plainBytes),
      ping: () => tls.ping(),
    });
    const [value, unfixed] = [rate(costs.ours, streamBytes), rate(costs.plain, plainBytes)];
    return {
      value,
      unit: 'MiB/s',
      limit: rate(costs.tls, streamBytes),
      detail: {
        bytes: streamBytes,
        measuredRttMillis: costs.ping.wallMillis,
        downMiBPerSecond: rate(costs.down, streamBytes),
        unfixedMiBPerSecond: unfixed,
        timesUnfixed: value / unfixed,
      },
    };
  });
}

/** Medians of work that takes turns, so that what else the machine does hits all of it; `warmTurns` before them are not counted. */
async function alternate<Name extends string>(
  stage: TransportStage,
  warmTurns: number,
  repeats: number,
  work: Readonly<Record<Name, () => Promise<void>>>,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(work) as Name[];
  const costs = new Map<Name, Cost[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn < warmTurns + repeats; turn++) {
    for (const name of names) {
      const cost = await stage.cost(work[name]);
      if (turn >= warmTurns) costs.get(name)!.push(cost);
    }
    await stage.forget();
  }
  const medians = [...costs].map(([name, all]) => [
    name,
    { wallMillis: median(all.map((one) => one.wallMillis)), cpuMillis: median(all.map((one) => one.cpuMillis)) },
  ]);
  return Object.fromEntries(medians) as Record<Name, Cost>;
}

function rate({ wallMillis }: Cost, bytes: number): number {
  return bytes / mebibyte / (wallMillis / 1000);
}

function processorCosts(costs: Readonly<Record<string, Cost>>, bytes: number): Record<string, number> {
  const each = Object.entries(costs).map(([name, { cpuMillis }]) => [
    `${name}CpuMillisPerMiB`,
    cpuMillis / (bytes / mebibyte),
  ]);
  return Object.fromEntries(each);
}
