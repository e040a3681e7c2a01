import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientEvent, enroll, FederatedClient } from '@concordat/client-sdk';
import { openStore, textLine } from '@concordat/coordinator';
import { decodeInvitation } from '@concordat/core';
import { expect } from 'chai';
import { pino } from 'pino';
import { TestConsortium } from '../coordinator/consortium.js';
import { automaticPolicy, stepping } from '../support/stepping.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta'];
const encodings = ['latin1', 'hex', 'base64', 'base64url'] as const;

interface Line extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly msg: string;
}

describe('the log of a coordinator, everything written', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let directory: string;
  const written: string[] = [];
  const events = new Map<string, ClientEvent[]>(names.map((name) => [name, []]));
  const secrets: Buffer[] = [];
  const lines = () => written.map((line) => JSON.parse(line) as Line);
  const saying = (text: string) => lines().filter(({ msg }) => msg === text);

  before(async () => {
    const log = pino({ level: 'trace', base: null }, { write: (line: string) => void written.push(line) });
    consortium = await TestConsortium.open({ log });
    directory = mkdtempSync(join(tmpdir(), 'concordat-logs-'));
    const clients: FederatedClient[] = [];
    for (const name of names) {
      const place = join(directory, name);
      const invitation = await consortium.operator.invite(name, name, 0);
      secrets.push(Buffer.from(decodeInvitation(invitation).secret));
      const onPending = (fingerprint: string) => void consortium.operator.admit(name, fingerprint);
      await enroll({ invitation, directory: place, pollMillis: 1, onPending });
      const onEvent = (event: ClientEvent) => void events.get(name)!.push(event);
      clients.push(
        await FederatedClient.open({ directory: place, trainer: stepping(0.25), policy: automaticPolicy, onEvent }),
      );
    }
    const { planHash } = await consortium.propose({ rounds: 1, aggregateCheck: 'on', transcriptRetention: 2 });
    const ends = clients.map((client) => client.run({ once: true }));
    await consortium.operator.startRun(planHash, 'spring');
    await Promise.all(ends);
    for (const client of clients) await client.close();
    await consortium.coordinator.stop();
    const store = await openStore(join(consortium.directory, 'coordinator/store'));
    const [sum] = await store.results.ofRound('spring', 1);
    secrets.push(...(await store.results.transcript(sum!.sid2))!.secrets.map((one) => Buffer.from(one)));
    await store.close();
  });

  after(async () => {
    await consortium.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('has every client’s coming and going, under the correlation id that is in the client’s own', () => {
    for (const name of names) {
      const connected = events.get(name)!.filter((event) => event.type === 'connected');
      const [own] = connected.map(({ correlationId }) => correlationId);
      expect(own).to.match(/^[0-9a-f]{16}$/);
      const came = saying('a client checked in').filter(({ participant }) => participant === name);
      expect(came.map(({ correlationId }) => correlationId)).to.deep.equal(connected.map(() => own));
      const left = saying('a client left').filter(({ participant }) => participant === name);
      expect(left.map(({ correlationId }) => correlationId)).to.deep.equal(connected.map(() => own));
    }
  });

  it('says from info up what an operator would act on, and of each answer at trace only', () => {
    const read = (level: number) => [...new Set(lines().flatMap((line) => (line.level >= level ? [line.msg] : [])))];
    expect(read(30)).to.include.members([
      'listening',
      'a client checked in',
      'the run goes on here',
      'a participant approved the plan',
      'the sum is open',
      'a model is published',
      'the run is over',
      'a client left',
    ]);
    expect(read(40)).to.deep.equal([]);
    expect(read(30)).not.to.include('answered');
    expect(saying('answered').every(({ level }) => level === 10)).to.equal(true);
    const [published] = saying('a model is published');
    expect(published).to.include({ run: 'spring', round: 1, modelVersion: 1, survivors: 4 });
  });

  it('holds no key, invitation, revealed share or rebuilt secret, in neither format', () => {
    const keys = [consortium.directory, directory].flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((path) => /key\.pem$|\.key$/.test(path))
        .map((path) => readFileSync(join(root, path))),
    );
    expect(keys).to.have.length.above(14);
    const keyLines = keys.flatMap((key) => key.toString('latin1').split('\n')).filter((line) => line.length >= 32);
    const pemLess = keyLines.filter((line) => !line.startsWith('-----'));
    expect(secrets).to.have.length.above(4);
    const texts = [...pemLess, ...secrets.flatMap((one) => encodings.map((encoding) => one.toString(encoding)))];
    const whole = `${written.join('')}${written.map(textLine).join('')}`;
    expect(whole).to.have.length.above(10_000);
    for (const text of texts) expect(whole.includes(text)).to.equal(false);
  });
});
