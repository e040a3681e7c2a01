import { createPrivateKey } from 'node:crypto';
import { Windows } from '../e2e/windows.js';

/** A secret that is known to a test. */
interface Canary {
  readonly name: string;
  readonly spelled: readonly Buffer[];
}

const windowBytes = 16;

/** Known secrets, and the search for any 16 bytes of them: raw, hexadecimal, and base64 wherever in a longer text it begins. */
export class Canaries {
  readonly #windows = new Windows();
  readonly #known: Canary[] = [];

  /** @param secret at least 24 bytes that occur nowhere by chance. */
  add(name: string, secret: Uint8Array): void {
    if (secret.length < 24) throw new Error(`${name} is too short to be looked for`);
    const spelled = spellings(Buffer.from(secret));
    this.#known.push({ name, spelled });
    for (const one of spelled) this.#windows.add(one);
  }

  /** The private number of a key, as it lies within any encoding of it. @param pem PKCS #8. */
  addKey(name: string, pem: string): void {
    const { d } = createPrivateKey(pem).export({ format: 'jwk' });
    this.add(name, Buffer.from(d!, 'base64url'));
  }

  get names(): readonly string[] {
    return this.#known.map(({ name }) => name);
  }

  /** Names of the secrets of which there is something in `place`. */
  in(place: Buffer): readonly string[] {
    if (this.#windows.countIn(place) === 0) return [];
    return this.#known.filter(({ spelled }) => spelled.some((one) => holds(place, one))).map(({ name }) => name);
  }
}

function holds(place: Buffer, spelled: Buffer): boolean {
  for (let at = 0; at + windowBytes <= spelled.length; at++) {
    if (place.includes(spelled.subarray(at, at + windowBytes))) return true;
  }
  return false;
}

function spellings(secret: Buffer): Buffer[] {
  const hex = secret.toString('hex');
  const texts = [hex, hex.toUpperCase(), ...[0, 1, 2].flatMap((shift) => base64At(secret, shift))];
  return [secret, ...texts.map((text) => Buffer.from(text, 'latin1'))];
}

/** What is sure of the base64 of a text in which the secret begins `shift` bytes behind a border of three. */
function base64At(secret: Buffer, shift: number): string[] {
  const whole = secret.subarray((3 - shift) % 3);
  const sure = whole.subarray(0, whole.length - (whole.length % 3));
  return [sure.toString('base64'), sure.toString('base64url')];
}
