import { Buffer } from 'node:buffer';
import { bounds } from '@concordat/core';

/** Where a connection comes from, as a proxy in front says. */
export interface Origin {
  readonly address: string;
  readonly port: number;
}

/** What the first bytes of a connection are. */
export type ProxyHeaderReading =
  /** All of a header: so many bytes. Without an origin it is the proxy itself that connects, to look whether somebody listens. */
  | { readonly type: 'header'; readonly lengthBytes: number; readonly origin: Origin | undefined }
  /** The beginning of one. */
  | { readonly type: 'more' }
  | { readonly type: 'none'; readonly problem: string };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedBytes = 16;

/**
 * Read a header of the PROXY protocol, version 2 (haproxy.org, `proxy-protocol.txt`, section 2.2), which goes ahead of TLS. The bytes of
 * additional information behind the addresses are passed over.
 *
 * @param bytes what came so far; it need not be all of it.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeaderReading {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seen = Math.min(head.length, signature.length);
  if (head.compare(signature, 0, seen, 0, seen) !== 0) return none(beginsOtherwise(head));
  if (head.length < fixedBytes) return { type: 'more' };
  const [version, command] = [head[12]! >> 4, head[12]! & 0x0f];
  if (version !== 2) return none(`version ${version} of the PROXY protocol; version 2 is spoken here`);
  if (command > 1) return none(`command ${command}, which the PROXY protocol does not have`);
  const restBytes = head.readUInt16BE(14);
  if (restBytes > bounds.proxyHeaderBytesMax) {
    return none(`a header that is ${restBytes} bytes long; at most ${bounds.proxyHeaderBytesMax} are read`);
  }
  const lengthBytes = fixedBytes + restBytes;
  if (head.length < lengthBytes) return { type: 'more' };
  if (command === 0) return { type: 'header', lengthBytes, origin: undefined };
  return readOrigin(head[13]!, head.subarray(fixedBytes, lengthBytes));
}

/** @param family address family and transport, as byte 14 has them. */
function readOrigin(family: number, addresses: Buffer): ProxyHeaderReading {
  const lengthBytes = fixedBytes + addresses.length;
  switch (family) {
    case 0x00:
      return { type: 'header', lengthBytes, origin: undefined };
    case 0x11: {
      if (addresses.length < 12) return none(tooShort(addresses, 12));
      const address = addresses.subarray(0, 4).join('.');
      return { type: 'header', lengthBytes, origin: { address, port: addresses.readUInt16BE(8) } };
    }
    case 0x21: {
      if (addresses.length < 36) return none(tooShort(addresses, 36));
      return { type: 'header', lengthBytes, origin: { address: ipv6Of(addresses), port: addresses.readUInt16BE(32) } };
    }
    default:
      return none(`addresses of the kind 0x${family.toString(16).padStart(2, '0')}; TCP over IPv4 and IPv6 are known`);
  }
}

/** IPv4 that is mapped into IPv6 as IPv4, so that an address has one name. */
function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return bytes.subarray(12, 16).join('.');
  }
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}

function beginsOtherwise(head: Buffer): string {
  if (head[0] === 0x16) return 'TLS without a header of the PROXY protocol';
  if (head.subarray(0, 5).toString('latin1') === 'PROXY')
    return 'version 1 of the PROXY protocol; version 2 is spoken here';
  return 'no header of the PROXY protocol';
}

function tooShort({ length }: Buffer, required: number): string {
  return `addresses of ${length} bytes where there are ${required}`;
}

function none(problem: string): ProxyHeaderReading {
  return { type: 'none', problem };
}
