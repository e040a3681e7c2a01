import { FederatedError } from '@concordat/core';

/** Wire versions served, highest first. */
export const wireVersions: readonly number[] = [1];

export const software = 'concordat/0.1.0';

/** @throws `protocol` naming both sides' versions when they have none in common. */
export function chooseWireVersion(offered: readonly number[]): number {
  const common = wireVersions.find((version) => offered.includes(version));
  if (common !== undefined) return common;
  throw new FederatedError('protocol', 'client and coordinator speak no common version of the wire', {
    detail: { required: wireVersions.join(', '), offered: offered.slice(0, 16).join(', ') || 'none' },
    fix: 'Update the older of the two; a wire version is served for 12 months.',
  });
}
