import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { denseNetwork, enroll } from '@concordat/client-sdk';
import { connectPostgres, OperatorClient, openPostgresStore, takeLease } from '@concordat/coordinator';
import { decodeInvitation, encodeSafetensors, type PlanDraft } from '@concordat/core';
import { systemClock } from '@concordat/node';
import { expect } from 'chai';
import { TestConsortium } from '../coordinator/consortium.js';
import { policyText } from '../e2e/checked-consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { describePostgres } from '../support/postgres.js';
import { PostgresServer } from '../support/postgres-server.js';
import { taskOn } from '../support/test-plan.js';
import { Canaries } from './canaries.js';

const bins = resolve(import.meta.dirname, '../../..');
const concordat = join(bins, 'cli/dist/bin/concordat.js');
const participant = join(bins, 'client-sdk/dist/bin/concordat-participant.js');
const names = ['acme', 'bluebird', 'cobalt', 'delta'] as const;
/** Of an image: 8 × 8 bytes that occur nowhere else. */
const pixels = 64;
const images = 40;

/** A process and every byte it says. */
class Heard {
  readonly child: ChildProcess;
  readonly bytes: Buffer[] = [];
  readonly ended: Promise<unknown>;
  #heard: () => void = () => undefined;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const reap = () => this.child.kill('SIGKILL');
    process.once('exit', reap);
    this.ended = once(this.child, 'close').then(() => process.off('exit', reap));
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (piece: Buffer) => {
        this.bytes.push(piece);
        this.#heard();
      });
    }
  }

  get text(): string {
    return Buffer.concat(this.bytes).toString();
  }

  async says(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`it ended before it said ${text}: ${this.text.slice(-1_000)}`);
      await Promise.race([
        this.ended,
        new Promise<void>((heard) => {
          this.#heard = heard;
        }),
      ]);
    }
  }

  /** What others on the machine may list, and what only its user may. */
  get listed(): { readonly argv: Buffer; readonly environ: Buffer } {
    const of = (file: string) => readFileSync(`/proc/${this.child.pid}/${file}`);
    return { argv: of('cmdline'), environ: of('environ') };
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Images of random bytes, and labels of two classes. */
function writeRecords(directory: string): Buffer {
  const records = randomBytes(images * pixels);
  const head = (...numbers: readonly number[]) => {
    const bytes = Buffer.alloc(4 * numbers.length);
    for (const [i, one] of numbers.entries()) bytes.writeUInt32BE(one, 4 * i);
    return bytes;
  };
  mkdirSync(directory);
  writeFileSync(join(directory, 'images.idx3-ubyte'), Buffer.concat([head(0x803, images, 8, 8), records]));
  const labels = Buffer.from(Array.from({ length: images }, (_, i) => i % 2));
  writeFileSync(join(directory, 'labels.idx1-ubyte'), Buffer.concat([head(0x801, images), labels]));
  return records;
}

/**
 * A coordinator and four participants as processes, with every secret of theirs known: keys, invitations, passwords, what sessions rebuild,
 * records. After a run with everything switched on that writes, each byte they left anywhere is searched for them.
 */
describePostgres('secrets that are known', function () {
  this.timeout(240_000);
  const secrets = new Canaries();
  /** Files that are there to hold a secret. */
  const homes = new Map<string, string>();
  const places = new Map<string, Buffer>();
  const processes: Heard[] = [];
  /** What sessions opened of participants: secrets, shares that rebuilt them. */
  const rebuilt: (readonly [string, Uint8Array])[] = [];
  let root: string;
  let server: PostgresServer;
  let consortium: TestConsortium;
  let hook: Server;

  const find = () => [...places].flatMap(([place, bytes]) => secrets.in(bytes).map((name) => `${name} in ${place}`));
  const home = (name: string, path: string) => {
    homes.set(path, name);
    secrets.addKey(name, readFileSync(path, 'utf8'));
  };
  const password = (name: string, bytes = randomBytes(24).toString('base64url')) => {
    secrets.add(name, Buffer.from(bytes));
    return bytes;
  };

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'concordat-canary-'));
    // One of its own: all of its files are searched, and those of other suites are gigabytes.
    server = await PostgresServer.start();
    const ofDatabase = password('the password of the database');
    const passwordFile = join(root, 'database.password');
    writeFileSync(passwordFile, ofDatabase, { mode: 0o600 });
    homes.set(passwordFile, 'the password of the database');
    const database = await server.createDatabase();
    await server.execute('postgres', `create role canary superuser login password '${ofDatabase}'`);
    const location = { host: '127.0.0.1', port: server.port, user: 'canary', database, tls: 'off' } as const;
    const reference = `file:${passwordFile}`;
    const store = `postgres://canary@127.0.0.1:${server.port}/${database}`;
    const settings = { store, storeTls: 'off', storePassword: reference };
    consortium = await TestConsortium.open({}, undefined, {
      database: { location: { ...location, password: reference }, settings },
    });
    for (const name of names) {
      const invitation = await consortium.operator.invite(name, `${name} ltd`, 0);
      secrets.add(`the invitation of ${name}`, decodeInvitation(invitation).secret);
      const onPending = (fingerprint: string) => void consortium.operator.admit(name, fingerprint);
      await enroll({ invitation, directory: join(root, name), pollMillis: 1, onPending });
      writeFileSync(join(root, name, 'policy.yaml'), policyText);
      const records = writeRecords(join(root, `${name}-data`));
      homes.set(join(root, `${name}-data`, 'images.idx3-ubyte'), `record 0 of ${name}`);
      for (const i of [0, 1, images - 1]) {
        const record = records.subarray(i * pixels, (i + 1) * pixels);
        secrets.add(`record ${i} of ${name}`, record);
        const floats = Float32Array.from(record, (value) => value / 255);
        secrets.add(`record ${i} of ${name}, as floats`, new Uint8Array(floats.buffer));
      }
    }
    for (const path of [
      ...filesBelow(consortium.directory),
      ...names.flatMap((name) => filesBelow(join(root, name))),
    ]) {
      if (/BEGIN PRIVATE KEY/.test(readFileSync(path, 'latin1'))) home(`the key ${path}`, path);
    }
    consortium.operator.close();
    await consortium.coordinator.stop();

    const bodies: Buffer[] = [];
    hook = createHttpServer((request, response) => {
      bodies.push(Buffer.from(JSON.stringify(request.headers)));
      request.on('data', (piece: Buffer) => bodies.push(piece));
      request.on('end', () => response.end());
    }).listen(0, '127.0.0.1');
    await once(hook, 'listening');
    const ofHook = password('the secret of the webhook');
    const webhooks = join(root, 'webhooks.yaml');
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
    writeFileSync(webhooks, `webhooks:\n  - { url: "${url}", secret: env:HOOK_SECRET, allowPlainHttp: true }\n`, {
      mode: 0o600,
    });

    const [port, observe] = [await freePort(), await freePort()];
    const address = `127.0.0.1:${port}`;
    const { directory } = consortium;
    const start = ['coordinator', 'start', '--directory', directory, '--port', String(port), '--address', address];
    const seen = ['--observe', `127.0.0.1:${observe}`, '--log-level', 'trace', '--webhooks', webhooks];
    const coordinator = new Heard(concordat, [...start, ...seen, '--json'], { HOOK_SECRET: ofHook });
    processes.push(coordinator);
    await coordinator.says('"port"');
    for (const name of names) {
      moveTo(join(root, name), address);
      const serve = ['serve', '--directory', join(root, name), '--data', join(root, `${name}-data`), '--once'];
      processes.push(new Heard(participant, [...serve, '--engine', 'tfjs-cpu', '--json']));
    }

    const operator = new OperatorClient({ ...consortium.operatorKeys, address });
    const network = denseNetwork({ inputs: pixels, hidden: [4], classes: 2, seed: '1' });
    const topology = Buffer.from(JSON.stringify(network.topology));
    for (const blob of [topology, encodeSafetensors(network.tensors)]) await operator.put(blob);
    const task: PlanDraft['task'] = { ...taskOn({ topology, tensors: network.tensors }), batchSize: 8 };
    const metrics = [{ name: 'accuracy', kind: 'rate', max: 1 }] as const;
    const deadlines = { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };
    consortium.operator = operator;
    const checked = { aggregateCheck: 'on', transcriptRetention: 2 } as const;
    const { planHash } = await consortium.propose({ run: 'canary', rounds: 2, task, metrics, deadlines, ...checked });
    await operator.startRun(planHash, 'canary');
    const outcomes: string[] = [];
    await operator.watch('canary', 1, ({ event }) => {
      if (event.type === 'round') outcomes.push(event.outcome);
      if (event.type !== 'phase' || event.phase !== 'upload' || event.round !== 1) return;
      for (const [i, { listed }] of processes.entries()) {
        places.set(`the argv of process ${i}`, listed.argv);
        // What `env:` names is in the environment of the one process that was given it, and in no other.
        if (i > 0) places.set(`the environment of process ${i}`, listed.environ);
      }
    });
    expect(outcomes, coordinator.text.slice(-2_000)).to.deep.equal(['published', 'published']);
    places.set('metrics', Buffer.from(await (await fetch(`http://127.0.0.1:${observe}/metrics`)).text()));
    await Promise.all(processes.slice(1).map(({ ended }) => ended));

    const at = ['--directory', directory, '--address', address];
    const typed = [
      ['coordinator', 'status', ...at, '--json'],
      ['coordinator', 'explain', '1', '--run', 'canary', ...at, '--json'],
      ['coordinator', 'bundle', '--to', join(root, 'bundle.tar.gz'), ...at],
      ['coordinator', 'config', 'show', '--origin', '--directory', directory],
      // Refused, with a word about it: a port in use, records that are not there.
      ['coordinator', 'start', '--directory', directory, '--port', String(port), '--json'],
      ['participant', 'serve', '--directory', join(root, 'acme'), '--data', join(root, 'nothing'), '--json'],
      ['participant', 'recover', '--directory', join(root, 'acme'), '--json'],
    ];
    for (const words of typed) {
      const heard = new Heard(concordat, words);
      await heard.ended;
      expect(heard.bytes.length, words.join(' ')).to.be.above(0);
      places.set(words.join(' '), Buffer.concat(heard.bytes));
    }
    places.set('what the webhook was told', Buffer.concat(bodies));
    operator.close();
    coordinator.child.kill('SIGTERM');
    await coordinator.ended;
    for (const [i, { bytes }] of processes.entries()) places.set(`what process ${i} said`, Buffer.concat(bytes));

    // What sessions rebuilt is in the database for two rounds, as the plan says, and nowhere else. The last one measures.
    const connection = await connectPostgres(server.location(database));
    const lease = (await takeLease(connection, address, systemClock))!;
    const kept = await openPostgresStore({ connection, lease, directory: join(directory, 'coordinator', 'store') });
    for (const round of [2, 3]) {
      const [sum] = await kept.results.ofRound('canary', round);
      for (const [i, one] of (await kept.results.transcript(sum!.sid2))!.secrets.entries())
        rebuilt.push([`${round}/${i}`, one]);
    }
    await kept.close();
  });

  after(async () => {
    for (const { child, ended } of processes) {
      child.kill('SIGKILL');
      await ended;
    }
    hook?.close();
    await server?.stop();
    rmSync(root, { recursive: true, force: true });
    rmSync(consortium.directory, { recursive: true, force: true });
  });

  it('are found by the same search where they belong', () => {
    expect(homes.size).to.be.above(18);
    for (const [path, name] of homes) expect(secrets.in(readFileSync(path)), path).to.include(name);
  });

  it('are in no file of the coordinator, of a participant or of the database but their own', () => {
    const said = new Map(places);
    places.clear();
    const directories = [consortium.directory, root, join(server.directory, 'data')];
    for (const path of directories.flatMap(filesBelow)) if (!homes.has(path)) places.set(path, readFileSync(path));
    expect(places.size).to.be.above(1_000);
    expect(find()).to.deep.equal([]);
    places.clear();
    for (const [place, bytes] of said) places.set(place, bytes);
  });

  it('are nowhere in logs, events, metrics, status, stories, bundles, refusals and what a webhook is told', () => {
    const said = [...places.values()].reduce((sum, { length }) => sum + length, 0);
    expect(said).to.be.above(100_000);
    expect(places.size).to.be.above(20);
    expect(rebuilt).to.have.lengthOf(8);
    for (const [name, bytes] of rebuilt) secrets.add(`a rebuilt secret of session ${name}`, bytes);
    expect(find()).to.deep.equal([]);
  });
});
