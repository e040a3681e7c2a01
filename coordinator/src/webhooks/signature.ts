import { createHmac, timingSafeEqual } from 'node:crypto';

/** The header that a notice is signed in: `t=SECONDS,v1=HEX`. */
export const signatureHeader = 'concordat-signature';

/**
 * HMAC-SHA256 over `SECONDS.BODY`: whoever has the secret sees that the body is ours, and that it is not an old one sent again.
 *
 * @param seconds since 1970, whole. @param body as it is sent.
 */
export function signWebhook(secret: Uint8Array, seconds: number, body: string): string {
  return `t=${seconds},v1=${digest(secret, seconds, body).toString('hex')}`;
}

/**
 * Whether a request is a notice of a coordinator with this secret, and new. For receivers in JavaScript; the guide has the same in shell.
 *
 * @param header value of {@link signatureHeader}. @param body exactly as it came. @param nowSeconds since 1970.
 * @param toleranceSeconds how old a notice may be.
 */
export function verifyWebhook(
  secret: Uint8Array,
  { header, body, nowSeconds }: { readonly header: string; readonly body: string; readonly nowSeconds: number },
  toleranceSeconds = 300,
): boolean {
  const read = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header);
  if (read === null) return false;
  const seconds = Number(read[1]);
  const offered = Buffer.from(read[2]!, 'hex');
  return timingSafeEqual(offered, digest(secret, seconds, body)) && Math.abs(nowSeconds - seconds) <= toleranceSeconds;
}

function digest(secret: Uint8Array, seconds: number, body: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
}
