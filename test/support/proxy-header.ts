/** Headers of the PROXY protocol, version 2, as proxies write them. */
interface Parts {
  readonly version?: number;
  readonly command?: number;
  readonly family?: number;
  /** Behind the addresses. */
  readonly more?: Uint8Array;
}

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function header({ version = 2, command = 1, family = 0x11, more = Buffer.alloc(0) }: Parts, addresses: Uint8Array) {
  const fixed = Buffer.from([(version << 4) | command, family, 0, 0]);
  fixed.writeUInt16BE(addresses.length + more.length, 2);
  return Buffer.concat([signature, fixed, addresses, more]);
}

function ports(port: number): Buffer {
  const both = Buffer.alloc(4);
  both.writeUInt16BE(port, 0);
  both.writeUInt16BE(7443, 2);
  return both;
}

export const proxyHeader = {
  tcp4: (address: string, port: number, parts: Parts = {}) =>
    header(
      parts,
      Buffer.concat([Buffer.from(address.split('.').map(Number)), Buffer.from([10, 0, 0, 5]), ports(port)]),
    ),
  /** @param address 32 hexadecimal digits. */
  tcp6: (address: string, port: number, parts: Parts = {}) =>
    header({ family: 0x21, ...parts }, Buffer.concat([Buffer.from(address, 'hex'), Buffer.alloc(16, 1), ports(port)])),
  local: (addresses: Uint8Array = Buffer.alloc(0)) => header({ command: 0, family: 0 }, addresses),
} as const;
