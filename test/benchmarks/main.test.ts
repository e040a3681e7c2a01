import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';

const main = resolve(import.meta.dirname, '../../../benchmarks/dist/main.js');
const typed = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

describe('npm run bench', () => {
  it('prints client-mask beside AES-256-CTR of the same run, as one envelope', () => {
    const { status, stdout } = typed(
      'secagg',
      '--json',
      '--participants',
      '3',
      '--parameters',
      '1000',
      '--repeats',
      '1',
    );
    expect(status).to.equal(0);
    const { schemaVersion, data } = JSON.parse(stdout);
    expect(schemaVersion).to.equal(1);
    expect(data.results.map(({ name }: { readonly name: string }) => name)).to.deep.equal([
      'client-mask',
      'server-unmask-1',
    ]);
    const [{ wallMillis, cpuMillis, timesLimit, limit }] = data.results;
    expect(limit.name).to.include('aes-256-ctr');
    for (const measured of [wallMillis, cpuMillis, timesLimit, limit.wallMillis, limit.cpuMillis]) {
      expect(measured).to.be.at.least(0);
    }
  });

  it('answers bad arguments with exit code 4 and what is possible', () => {
    for (const args of [
      [],
      ['nothing'],
      ['secagg', '--bits', '20'],
      ['secagg', '--repeats', '0'],
      ['secagg', '--kernels', 'fast'],
      ['secagg', '--fast'],
    ]) {
      const { status, stdout } = typed(...args, '--json');
      expect(status, args.join(' ')).to.equal(4);
      expect(JSON.parse(stdout).error.fix, args.join(' ')).to.include('secagg');
    }
  });
});
