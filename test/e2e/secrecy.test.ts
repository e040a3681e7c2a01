import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FederatedClient, parsePolicy, type Trainer } from '@concordat/client-sdk';
import { type CryptoPort, laneBytes, layoutOf, packLanes, parameterCount } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { smallModel, TestConsortium } from '../coordinator/consortium.js';
import { seeded } from '../coordinator/machine-participant.js';
import { moveTo } from '../support/moved-participant.js';
import { withKeystream } from '../support/with-keystream.js';
import { RecordingProxy } from './recording-proxy.js';
import { Windows } from './windows.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const clippingNorm = 4;
/** q = 16: one lane unit is bound / 32767. */
const unit = clippingNorm / 32_767;

const policy = parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
`);

/** The port with masks of zeros: what the coordinator would see if nothing were masked. */
const unmasked = withKeystream((_key, _fromByte, length) => new Uint8Array(length));

/** Whole lane units, none of them zero: dense as an update can be, and the same after rounding. */
function denseUnits(name: string, parameters: number): Int32Array {
  const bytes = seeded(`dense ${name}`).bytes(parameters);
  return Int32Array.from(bytes, (byte) => (byte < 128 ? byte - 200 : byte - 127));
}

function densely(name: string): Trainer {
  return {
    describe: () => ({ engine: 'dense 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights }) => {
      const units = denseUnits(
        name,
        weights.reduce((sum, { values }) => sum + values.length, 0),
      );
      let next = 0;
      return {
        weights: weights.map(({ name, shape, values }) => ({
          name,
          shape,
          values: values.map((value) => value + units[next++]! * unit),
        })),
        examples: 10,
      };
    },
    evaluate: async () => ({ metrics: {}, examples: 0 }),
    close: async () => undefined,
  };
}

function filesBelow(directory: string): Buffer[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

interface Evidence {
  readonly messages: Buffer[];
  readonly kept: Buffer[];
  /** The same search for the deltas as float32, and for the updates as packed lanes. */
  readonly deltas: Windows;
  readonly updates: Windows;
}

/** One round of four clients behind recording proxies; everything a coordinator could look at. */
async function oneRound(crypto: CryptoPort): Promise<Evidence> {
  const consortium = await TestConsortium.open({ crypto });
  const directory = mkdtempSync(join(tmpdir(), 'concordat-secrecy-'));
  const proxies: RecordingProxy[] = [];
  const clients: FederatedClient[] = [];
  try {
    const read = (...path: string[]) => readFileSync(join(...path));
    const store = join(consortium.directory, 'coordinator');
    for (const name of names) {
      const place = join(directory, name);
      await consortium.enrol(name, place);
      const proxy = await RecordingProxy.listen({
        server: {
          privateKeyPem: read(store, 'tls-key.pem'),
          certificatePem: read(store, 'tls-certificate.pem'),
        },
        client: { privateKeyPem: read(place, 'tls.key'), certificatePem: read(place, 'certificate.pem') },
        authorityPem: read(place, 'authority.pem'),
        port: consortium.coordinator.port,
      });
      proxies.push(proxy);
      moveTo(place, proxy.address);
    }
    const { plan, planHash } = await consortium.propose({ rounds: 1, clippingNorm, transcriptRetention: 2 });
    const ends = [];
    for (const name of names) {
      const client = await FederatedClient.open({
        directory: join(directory, name),
        trainer: densely(name),
        policy,
        crypto,
      });
      clients.push(client);
      ends.push(client.run({ once: true }));
    }
    await consortium.operator.startRun(planHash, 'spring');
    const kept: Buffer[] = [];
    let published = 0;
    await consortium.operator.watch('spring', 1, ({ event }) => {
      // Between upload and reveal the spool holds every vector.
      if (event.type === 'phase' && event.phase === 'certify') kept.push(...filesBelow(join(store, 'store')));
      if (event.type === 'round' && event.outcome === 'published') published++;
    });
    expect(published).to.equal(1);
    await Promise.all(ends);
    kept.push(...filesBelow(join(store, 'store')));

    const [deltas, updates] = [new Windows(), new Windows()];
    const parameters = parameterCount(plan.task.model.tensors);
    const initial = smallModel.flatMap(({ values }) => [...values]);
    const layout = layoutOf(plan.secureAggregation.segments);
    for (const name of names) {
      const units = denseUnits(name, parameters);
      const delta = Float32Array.from(units, (lane, i) => Math.fround(initial[i]! + lane * unit) - initial[i]!);
      deltas.add(new Uint8Array(delta.buffer));
      const lanes = layout.segments.map(({ segment }) =>
        segment.kind === 'model' ? units : new Int32Array(segment.length),
      );
      const start = layout.segments.find(({ segment }) => segment.kind === 'model')!;
      const first = start.offset + laneBytes(start.segment);
      updates.add(packLanes(layout, lanes).subarray(first, first + laneBytes(start.segment) * parameters));
    }
    return { messages: proxies.flatMap((proxy) => proxy.plaintext), kept, deltas, updates };
  } finally {
    for (const client of clients) await client.close();
    for (const proxy of proxies) await proxy.close();
    await consortium.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const count = (windows: Windows, haystacks: readonly Buffer[]): number =>
  haystacks.reduce((sum, haystack) => sum + windows.countIn(haystack), 0);

describe('what the coordinator can look at', function () {
  this.timeout(60_000);

  it('holds no 16-byte window of anybody’s update: not in messages, store, spool or blobs', async () => {
    const { messages, kept, deltas, updates } = await oneRound(nodeCrypto);
    // Four masked vectors of 120 kB crossed the wire and lay in the spool: there was something to find.
    expect(messages.reduce((sum, { length }) => sum + length, 0)).to.be.greaterThan(480_000);
    expect(kept.filter(({ length }) => length > 100_000)).to.have.length.greaterThan(4);
    expect(deltas.size).to.be.greaterThan(400_000);
    expect(updates.size).to.be.greaterThan(300_000);
    expect(count(deltas, messages), 'deltas in messages').to.equal(0);
    expect(count(updates, messages), 'updates in messages').to.equal(0);
    expect(count(deltas, kept), 'deltas in store, spool and blobs').to.equal(0);
    expect(count(updates, kept), 'updates in store, spool and blobs').to.equal(0);
  });

  it('would show every update to the same search if masking were switched off', async () => {
    const { messages, kept, updates } = await oneRound(unmasked);
    expect(count(updates, messages), 'updates in messages').to.be.greaterThan(300_000);
    expect(count(updates, kept), 'updates in the spool').to.be.greaterThan(300_000);
  });
});
