/** A DNS name, an IPv4 address or an IPv6 address in brackets, then a port. */
export const addressPattern = /^([a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):[0-9]{1,5}$/i;

/** Host (without brackets) and port of `host:port`; undefined when it is none. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (!addressPattern.test(text) || port > 65_535) return undefined;
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}

/** Coordinators of one consortium that a client may know. */
export const addressesMax = 8;

/** The addresses of `host:port,host:port`, each once and in order; undefined when it is no such list. */
export function parseAddresses(text: string): readonly string[] | undefined {
  const addresses = text.split(',', addressesMax + 1);
  const good = addresses.length <= addressesMax && addresses.every((one) => parseAddress(one) !== undefined);
  return good && new Set(addresses).size === addresses.length ? addresses : undefined;
}
