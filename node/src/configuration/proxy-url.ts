const hostPattern = /^([a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/i;

/**
 * Read `http://HOST:PORT`, an HTTP proxy; port 80 unless said.
 *
 * @returns undefined for anything else, a URL with a user in it included: it would be shown with the configuration.
 */
export function parseProxyUrl(text: string): URL | undefined {
  const found = /^http:\/\/([^@/?#:[\]]+|\[[^\]]*\])(?::([0-9]{1,5}))?\/?$/.exec(text);
  if (found === null || text.length > 300) return undefined;
  const [, host = '', port = '80'] = found;
  if (!hostPattern.test(host) || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return new URL(`http://${host}:${port}`);
}
