/** Runs of characters that could be a key, a share or a token; digests are among them, and keep their beginning. */
const longToken = /[A-Za-z0-9+/_=-]{32,}/g;
const pem = /-----BEGIN [^-]{1,64}-----[\s\S]*?(?:-----END [^-]{1,64}-----|$)/g;
const userInfo = /([a-z][a-z0-9+.-]{0,32}:\/\/)[^\s/@"']{1,512}@/gi;
const named =
  /((?:password|passphrase|passwd|secret|token|authorization|api-?key|private-?key)s?["']?\s*[:=]\s*["']?)((?:bearer\s+|basic\s+)?[^\s"',}&]+)/gi;
const kept = 8;

/**
 * Text for somebody outside: PEM blocks, passwords in addresses, values called a secret, and everything long enough to be a key are taken
 * out. Of long runs the first eight characters stay, so that a digest can still be found elsewhere.
 */
export function redacted(text: string): string {
  return text
    .replace(pem, '[PEM removed]')
    .replace(userInfo, '$1[removed]@')
    .replace(named, '$1[removed]')
    .replace(longToken, (run) => (isPlainWord(run) ? run : `${run.slice(0, kept)}…`));
}

/** Names that people read: words joined by hyphens, underscores or slashes, none of them long. */
function isPlainWord(run: string): boolean {
  return run.split(/[-_/]/).every((word) => /^(?:[a-z]{0,20}|[A-Z][a-z]{0,19}|[0-9]{1,6})$/.test(word));
}
