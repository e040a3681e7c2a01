import { FederatedError } from '@concordat/core';

/** What some work is refused with. @throws what is no error of ours, and when nothing was refused. */
export async function errorOf(work: Promise<unknown>): Promise<FederatedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FederatedError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
