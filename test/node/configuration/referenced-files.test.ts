import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkReferencedFile, type ReferencedFile, readSecretFile } from '@concordat/node';
import { expect } from 'chai';

describe('a file that a configuration names', () => {
  let directory: string;
  let path: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-files-'));
    path = join(directory, 'key');
    writeFileSync(path, 'secret');
  });
  after(() => rmSync(directory, { recursive: true }));

  const check = (holds: ReferencedFile['holds'], at = path) =>
    checkReferencedFile({ path: at, holds, setting: 'key', fix: 'Write it.' });

  for (const [mode, holds, refused] of [
    [0o600, 'secret', false],
    [0o640, 'secret', false],
    [0o644, 'secret', true],
    [0o602, 'secret', true],
    [0o644, 'public', false],
    [0o664, 'public', false],
    [0o646, 'public', true],
  ] as const) {
    it(`with mode 0${mode.toString(8)} is ${refused ? 'refused' : 'taken'} where it holds what is ${holds}`, async () => {
      chmodSync(path, mode);
      const problems = await check(holds);
      expect(problems.map(({ where }) => where)).to.deep.equal(refused ? [path] : []);
      if (refused) expect(problems[0]!.fix).to.match(/^Run: chmod /);
      if (holds !== 'secret') return;
      // What config check says is what reading the secret does.
      const code = await readSecretFile(path).then(
        () => undefined,
        (error: unknown) => (error as { readonly code: string }).code,
      );
      expect(code).to.equal(refused ? 'permission' : undefined);
    });
  }

  it('must be there and be what it should', async () => {
    chmodSync(path, 0o600);
    expect(await check('secret', join(directory, 'none'))).to.have.lengthOf(1);
    expect((await check('secret', join(directory, 'none')))[0]).to.include({
      missing: true,
      offered: 'nothing',
      fix: 'Write it.',
    });
    expect((await check('directory'))[0]).to.include({ required: 'a directory', offered: 'something else' });
    expect(await check('directory', directory)).to.deep.equal([]);
    expect(await check('public', directory)).to.have.lengthOf(1);
  });
});
