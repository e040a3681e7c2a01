import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';

const main = resolve(import.meta.dirname, '../../../benchmarks/dist/main.js');
const typed = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
const small = ['--n', '3', '--d', '1000', '--repeats', '1'];

describe('npm run bench', () => {
  it('prints one JSON line for each measurement, its limit beside it', () => {
    const { status, stdout } = typed('secagg', '--json', '--only', 'client-mask,upload-bytes', ...small);
    expect(status).to.equal(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ suite, name, unit }) => [suite, name, unit])).to.deep.equal([
      ['secagg', 'client-mask', 'ms'],
      ['secagg', 'upload-bytes', 'bytes'],
    ]);
    for (const { value, limit, ratio } of lines) expect(ratio).to.be.closeTo(value / limit, 1e-9);
  });

  it('says the same to people in words', () => {
    const { status, stdout } = typed('secagg', '--only', 'upload-bytes', ...small);
    expect(status).to.equal(0);
    expect(stdout)
      .to.match(/n = 3, d = 1000, 24 bits/)
      .and.to.match(/upload-bytes: [0-9]+ bytes, limit 3000 bytes/);
  });

  it('answers bad arguments with exit code 4 and what is possible', () => {
    const { status, stdout } = typed('secagg', '--only', 'client-mask,nothing', '--json');
    expect(status).to.equal(4);
    expect(JSON.parse(stdout).error.fix).to.include('client-mask');
  });
});
