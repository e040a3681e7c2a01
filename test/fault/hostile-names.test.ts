import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textLine } from '@concordat/coordinator';
import { FederatedError, printable } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { runCommand } from 'concordat';
import { pino } from 'pino';
import {
  call,
  connect,
  disconnect,
  enrolRequest,
  federated,
  refusalOf,
  TestConsortium,
} from '../coordinator/consortium.js';

/** What a terminal, a log reader or a page would obey, or show as something else. */
const obeyed: Readonly<Record<string, string>> = {
  'a second line': 'acme\n{"level":60,"msg":"all is lost"}',
  'a carriage return': 'acme\rroot',
  'an escape sequence': 'acme\u001b[2J\u001b]0;title\u0007',
  'an escape sequence of eight bits': 'acme\u009b31m',
  'a bell and a backspace': 'acme\u0007\b\b\b\bevil',
  NUL: 'acme\0',
  'text that runs backwards': 'acme\u202egnp.exe',
  'isolated text': 'acme\u2066\u2069',
  'nothing that shows': 'ac\u200b\u2060\ufeffme',
  'a line of Unicode': 'acme\u2028next',
  'half a character': 'acme\ud800',
};
const script = '<script>alert(1)</script>';

/** Names of directories, of devices and of nothing. */
const paths: readonly string[] = [
  '../../x',
  '..%2f..%2fx',
  '..\\..\\x',
  '..',
  '.',
  '/etc/passwd',
  'C:\\x',
  '\\\\host\\share',
  'a/b',
  'a\0b',
  'con.txt',
  'CON',
  'a:stream',
  'a'.repeat(64),
  'a'.repeat(100_000),
  '~',
  '$(id)',
  '%00',
  '',
];
/** Of letters alone: ids, and on Windows names of devices. */
const devices = ['con', 'nul', 'aux', 'prn', 'com1', 'lpt1'];

const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('names that are more than names', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  const written: string[] = [];
  let files: readonly string[];
  const everything = () => readdirSync(consortium.directory, { recursive: true, encoding: 'utf8' }).sort();

  before(async () => {
    const log = pino({ level: 'trace', base: null }, { write: (line: string) => void written.push(line) });
    consortium = await TestConsortium.open({ log });
    await consortium.join('acme');
    files = everything();
  });
  after(() => consortium.close());

  const typed = async (...args: string[]) => {
    const said = { stdout: '', stderr: '' };
    await runCommand(
      ['coordinator', ...args, '--directory', consortium.directory, '--address', consortium.coordinator.address],
      {
        stdout: { write: (text) => (said.stdout += text) },
        stderr: { write: (text) => (said.stderr += text) },
        environment: {},
        signal: new AbortController().signal,
      },
    );
    return said;
  };

  for (const [what, name] of Object.entries(obeyed)) {
    it(`do not become the name of an organization with ${what}`, async () => {
      expect(await refusalOf(consortium.operator.invite('hostile', name, 0))).to.match(/^(invalid-argument|malformed)/);
    });

    it(`are harmless in a log line, a reason and a command’s words with ${what}`, async () => {
      const line = JSON.stringify({
        level: 30,
        time: 0,
        msg: name,
        reason: name,
        err: { message: name, stack: `x\n${name}` },
      });
      for (const one of textLine(line).trimEnd().split('\n')) expect(one).to.not.match(forbidden);
      expect(textLine(line).trimEnd().split('\n').length).to.be.at.most(4);
      expect(printable(name)).to.not.match(forbidden);
      const { stdout, stderr } = await typed('explain', '--run', name, '--round', '1');
      for (const one of `${stdout}${stderr}`.trimEnd().split('\n')) expect(one).to.not.match(forbidden);
    });
  }

  it('with script in them stay text: one page is written, and it escapes everything (egress-report.test.ts)', async () => {
    await consortium.operator.invite('markup', script, 0);
    files = everything();
    const packages = ['core', 'proto', 'node', 'client-sdk', 'coordinator', 'sim', 'cli'];
    const sources = packages.flatMap((name) =>
      readdirSync(join(name, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => join(name, 'src', path)),
    );
    expect(sources.length).to.be.greaterThan(200);
    const pages = sources.filter((path) => /text\/html|<html|\.html'/i.test(readFileSync(path, 'utf8')));
    expect(pages).to.deep.equal(['client-sdk/src/egress/report-page.ts']);
  });

  it('in the answers of a stranger are one line of JSON each, and the log too', async () => {
    const signer = identityFromSeed(nodeCrypto.sha256(Buffer.from('a stranger')));
    const { request } = await enrolRequest(await consortium.invite('stranger'), signer);
    files = everything();
    const before = written.length;
    const stubs = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    for (const name of Object.values(obeyed)) {
      for (const change of [{ participantId: name }, { organization: name }, { consortium: name }]) {
        const refused = await call(stubs.Membership, 'Enroll', { ...request, ...change }).catch((error) => error);
        expect(refused).to.be.instanceOf(FederatedError);
        expect((refused as FederatedError).code).to.not.equal('internal');
        expect((refused as FederatedError).message).to.not.match(forbidden);
      }
    }
    disconnect(stubs);
    expect(written.length).to.be.greaterThan(before);
    for (const line of written) {
      expect(line.trimEnd()).to.not.include('\n');
      expect(JSON.parse(line)).to.have.property('msg').that.does.not.include('all is lost');
      for (const one of textLine(line).trimEnd().split('\n')) expect(one).to.not.match(forbidden);
    }
  });

  it('of paths are no ids: not of participants, runs, blobs or commands, and no file is made', async () => {
    const signer = identityFromSeed(nodeCrypto.sha256(Buffer.from('a path')));
    const { request } = await enrolRequest(await consortium.invite('path'), signer);
    files = everything();
    const stubs = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    const acme = await consortium.join('bluebird');
    files = everything();
    for (const path of paths) {
      const what = path.slice(0, 40);
      expect(await refusalOf(consortium.operator.invite(path, 'x', 0)), what).to.match(/^(invalid-argument|malformed)/);
      expect(await refusalOf(consortium.operator.startRun(new Uint8Array(32), path)), what).to.not.match(
        /^(nothing|internal)/,
      );
      const asked = call(stubs.Membership, 'Enroll', { ...request, participantId: path });
      expect(await refusalOf(asked), what).to.match(/^(malformed|refused|invalid-argument|resource|unavailable)/);
      const ready = call(acme.stubs.Rounds, 'Ready', { runId: path, round: 1, baseModelHash: new Uint8Array(32) });
      expect(await refusalOf(ready), what).to.match(/^(malformed|protocol)/);
      const sha256 = Buffer.from(path.slice(0, 64));
      const blob = new Promise((resolve, reject) => {
        const stream = acme.stubs.Blobs.Get({ sha256 } as never);
        stream.on('data', () => undefined).on('end', resolve);
        stream.on('error', (error) => reject(federated(error as never)));
      });
      expect(await refusalOf(blob), what).to.match(/^(malformed|invalid-argument|protocol)/);
    }
    disconnect(stubs);
    expect(everything()).to.deep.equal(files);
  });

  it('of devices are ids, and no file is called so', async () => {
    for (const device of devices) await consortium.operator.invite(device, device, 0);
    expect(everything().filter((path) => devices.includes(path.split(/[/\\.]/).at(-1)!))).to.deep.equal([]);
    expect(everything().filter((path) => devices.includes(join(path).split('/').at(-1)!.split('.')[0]!))).to.deep.equal(
      [],
    );
  });
});
