import { BlockList, isIP } from 'node:net';

/** Networks in one list. */
export const networksMax = 64;

/**
 * The networks of `10.0.0.5,10.1.0.0/16,fd00::/8`: addresses, or networks with the length of their prefix.
 *
 * @returns undefined when it is no such list.
 */
export function parseNetworks(text: string): BlockList | undefined {
  const networks = new BlockList();
  const parts = text.split(',', networksMax + 1);
  if (parts.length > networksMax) return undefined;
  return parts.every((part) => addNetwork(networks, part.trim())) ? networks : undefined;
}

/** Whether an address is in one of them; IPv4 that is mapped into IPv6 is IPv4. */
export function isIn(networks: BlockList, address: string | undefined): boolean {
  const version = isIP(address ?? '');
  return version !== 0 && networks.check(address!, version === 4 ? 'ipv4' : 'ipv6');
}

function addNetwork(networks: BlockList, text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  const bits = version === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^(0|[1-9][0-9]{0,2})$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (!(length <= bits)) return false;
  networks.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  return true;
}
