import { checkDisk, checkNode } from '@concordat/client-sdk';
import { expect } from 'chai';

describe('what a doctor says of a machine', () => {
  const statuses = async (type: number, bavail: number) => {
    const findings = await checkDisk('/data', async () => ({ type, bavail, bsize: 4_096 }));
    return findings.map(({ status, found }) => `${status}: ${found}`);
  };

  it('is that a volume stays, and how much is free', async () => {
    expect(await statuses(0xef53, 2 ** 20)).to.deep.equal([
      'passed: the directory is on a disk that stays',
      'passed: 4 GiB are free',
    ]);
  });

  it('is that a volume goes with its container or its machine', async () => {
    for (const [type, name] of [
      [0x794c7630, 'overlayfs'],
      [0x01021994, 'tmpfs'],
      [0x858458f6, 'ramfs'],
    ] as const) {
      expect((await statuses(type, 2 ** 20))[0]).to.match(new RegExp(`^problem: .*${name}`));
    }
  });

  it('is that a disk is nearly full', async () => {
    expect((await statuses(0xef53, 256))[1]).to.equal('problem: 1 MiB are free');
  });

  it('is that Node is too old', () => {
    expect(['v20.19.0', 'v22.1.0', 'v20.18.9', 'v18.20.0'].map((version) => checkNode(version).status)).to.deep.equal([
      'passed',
      'passed',
      'problem',
      'problem',
    ]);
  });
});
