import { OperatorClient, RefusalLog } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { runCommand } from 'concordat';
import { pino } from 'pino';
import { refusalOf, TestConsortium } from '../consortium.js';

type Line = Readonly<Record<string, unknown>>;

describe('the log of refused calls', () => {
  let consortium: TestConsortium;
  let lines: Line[];

  before(async () => {
    const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    lines = [];
    consortium = await TestConsortium.open({ log });
  });
  after(() => consortium.close());
  beforeEach(() => {
    lines = [];
  });

  const refused = () => lines.filter(({ msg }) => msg === 'a call was refused');

  it('has the correlation id of the command that was refused, with method, caller and code', async () => {
    const stdout: string[] = [];
    const { directory, coordinator } = consortium;
    const flags = ['--directory', directory, '--address', coordinator.address, '--json'];
    const exitCode = await runCommand(
      ['coordinator', 'run', 'start', '--plan', '0'.repeat(64), '--run', 'spring', ...flags],
      {
        stdout: { write: (text) => stdout.push(text) },
        stderr: { write: () => undefined },
        environment: {},
        signal: new AbortController().signal,
      },
    );
    const { error } = JSON.parse(stdout.join(''));
    expect(exitCode).to.be.oneOf([1, 4]);
    expect(error.correlationId).to.match(/^[0-9a-f]{16}$/);
    expect(refused()).to.have.lengthOf(1);
    expect(refused()[0]).to.include({
      correlationId: error.correlationId,
      code: error.code,
      method: '/concordat.v1.Runs/Start',
      caller: 'operator operator',
    });
  });

  it('has the id of who may not call that method', async () => {
    const { tls } = await consortium.join('acme');
    const { address } = consortium.coordinator;
    const nobody = new OperatorClient({
      ...consortium.operatorKeys,
      ...tls,
      address,
      correlationId: '00112233445566ff',
    });
    expect(await refusalOf(nobody.participants())).to.equal('permission');
    nobody.close();
    expect(refused()[0]).to.include({
      correlationId: '00112233445566ff',
      code: 'permission',
      caller: 'participant acme',
      method: '/concordat.v1.Membership/Participants',
    });
  });

  it('takes nothing else from a peer as an id', async () => {
    for (const correlationId of ['ABCDEF0123456789', '0'.repeat(5000), '{"level":60}', '0123 5678 9abcde']) {
      const client = new OperatorClient({
        ...consortium.operatorKeys,
        address: consortium.coordinator.address,
        correlationId,
      });
      expect(await refusalOf(client.startRun(new Uint8Array(32), 'spring'))).to.not.equal('nothing');
      client.close();
    }
    expect(refused()).to.have.lengthOf(4);
    for (const line of refused()) expect(line).to.not.have.property('correlationId');
  });
});

describe('a second of refused calls', () => {
  it('is written up to its limit, and the rest is counted in the next line', () => {
    const lines: Line[] = [];
    let now = 0;
    const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const refusals = new RefusalLog(log, { monotonicMillis: () => now });
    const call = { method: '/m', caller: 'anonymous', metadata: undefined };
    for (let i = 0; i < 500; i++) refusals.note(new FederatedError('refused', 'no'), call);
    expect(lines).to.have.lengthOf(20);
    refusals.note(new TypeError('our bug'), call);
    expect(lines.at(-1)).to.include({ level: 50, msg: 'a call failed' });
    now = 1000;
    refusals.note(new FederatedError('refused', 'no'), call);
    expect(lines.at(-1)).to.include({ unwritten: 480, code: 'refused' });
  });
});
