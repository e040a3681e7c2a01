import { createHash, createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SessionReply, thresholdOf } from '@concordat/core';
import { sessionCodec } from '@concordat/proto';

/** One message that left a participant, as bytes. */
export interface Spoken {
  readonly from: string;
  readonly method: string;
  readonly bytes: Buffer;
}

/** What a participant said in a session. */
interface Said {
  readonly from: string;
  /** Run and round. */
  readonly session: string;
  readonly frame: SessionReply;
  /** The cohort it was shown, in order. */
  readonly cohort: readonly string[];
}

const digestOf = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/**
 * Everything that left honest participants in one case, over all worlds, rounds and lives of theirs, and what must never be in it:
 * two answers to one question, two kinds of share, shares enough for both secrets of one dealer, or a secret.
 */
export class Evidence {
  readonly spoken: Spoken[] = [];
  /** Logs and events that people or other programs read. */
  readonly texts: string[] = [];
  readonly #said: Said[] = [];
  readonly #vectors = new Map<string, Set<string>>();
  readonly #secrets = new Map<string, Uint8Array>();

  /** All of it has been judged: what follows is another case. */
  forget(): void {
    this.spoken.length = 0;
    this.texts.length = 0;
    this.#said.length = 0;
    this.#vectors.clear();
    this.#secrets.clear();
  }

  hear(from: string, method: string, bytes: Buffer): void {
    this.spoken.push({ from, method, bytes });
  }

  say(said: Said): void {
    this.#said.push(said);
  }

  vector(from: string, session: string, vector: Uint8Array): void {
    const key = `${from} ${session}`;
    this.#vectors.set(key, (this.#vectors.get(key) ?? new Set()).add(digestOf(vector)));
  }

  /** Bytes that may not be found anywhere. */
  secret(name: string, bytes: Uint8Array): void {
    this.#secrets.set(name, bytes.slice());
  }

  /** The keys in a participant's directory. */
  secretsOf(name: string, directory: string): void {
    const read = (file: string) => readFileSync(join(directory, file));
    const identity = createPrivateKey(read('identity.key')).export({ format: 'jwk' });
    const tls = createPrivateKey(read('tls.key')).export({ format: 'jwk' });
    this.secret(`${name}: identity key`, Buffer.from(identity.d!, 'base64url'));
    this.secret(`${name}: TLS key`, Buffer.from(tls.d!, 'base64url'));
    this.secret(`${name}: device key`, read('device.key').subarray(0, 32));
  }

  /** The files of a participant that others may come to read. */
  filesOf(directory: string): void {
    for (const file of readdirSync(directory)) {
      if (file.endsWith('.jsonl') || file.endsWith('.log'))
        this.texts.push(readFileSync(join(directory, file), 'latin1'));
    }
  }

  /** What was violated, as sentences; empty when nothing was. @param honest whose words count. @param colluders c. */
  violations(honest: readonly string[], colluders: number): string[] {
    return [...this.#twice(honest), ...this.#bothKinds(honest, colluders), ...this.#leaks()];
  }

  #twice(honest: readonly string[]): string[] {
    const seen = new Map<string, Set<string>>();
    for (const { from, session, frame } of this.#said) {
      if (!honest.includes(from)) continue;
      // A dead session may be aborted after its survivors were signed, never after a reveal.
      const question = frame.type === 'abort' ? 'reveal' : frame.type;
      const key = `${from} ${session} ${question}`;
      seen.set(key, (seen.get(key) ?? new Set()).add(contentOf(frame)));
    }
    const answers = [...seen].filter(([, contents]) => contents.size > 1).map(([key]) => `answered twice: ${key}`);
    const vectors = [...this.#vectors]
      .filter(([key, digests]) => digests.size > 1 && honest.includes(key.split(' ')[0]!))
      .map(([key]) => `two masked vectors: ${key}`);
    return [...answers, ...vectors];
  }

  /** Per dealer and round: a secret is rebuilt from T shares, of which c may be colluders'. Whatever the sids, s_u is one. */
  #bothKinds(honest: readonly string[], colluders: number): string[] {
    const holders = new Map<string, { readonly self: Set<string>; readonly mask: Set<string>; threshold: number }>();
    for (const { from, session, frame, cohort } of this.#said) {
      if (frame.type !== 'reveal' || !honest.includes(from)) continue;
      for (const { dealer, kind } of sessionCodec.reveal.decode(frame.reveal.body).shares) {
        const key = `${cohort[dealer]} in ${session}`;
        const held = holders.get(key) ?? { self: new Set(), mask: new Set(), threshold: Number.POSITIVE_INFINITY };
        held[kind].add(from);
        held.threshold = Math.min(held.threshold, thresholdOf(cohort.length, colluders));
        holders.set(key, held);
      }
    }
    const found: string[] = [];
    for (const [key, { self, mask, threshold }] of holders) {
      const both = [...self].filter((holder) => mask.has(holder));
      if (both.length > 0) found.push(`both kinds of share of ${key} from ${both.join(', ')}`);
      if (Math.min(self.size, mask.size) + colluders >= threshold) found.push(`shares for both secrets of ${key}`);
    }
    return found;
  }

  #leaks(): string[] {
    const found: string[] = [];
    const haystacks = [
      ...this.spoken.map(({ from, method, bytes }) => ({
        place: `${method} of ${from}`,
        text: bytes.toString('latin1'),
      })),
      ...this.texts.map((text) => ({ place: 'a log', text })),
    ];
    for (const [name, secret] of this.#secrets) {
      const bytes = Buffer.from(secret);
      const spellings = [bytes.toString('latin1'), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
      spellings.push(bytes.toString('base64url'), bytes.toString('hex').toUpperCase());
      for (const { place, text } of haystacks) {
        if (spellings.some((spelling) => text.includes(spelling))) found.push(`${name} in ${place}`);
      }
    }
    return found;
  }
}

function contentOf(frame: SessionReply): string {
  switch (frame.type) {
    case 'advertise':
      return digestOf(frame.advert.body);
    case 'share':
      return digestOf(
        frame.share.body,
        ...frame.boxes.flatMap((box) => [box.box, box.selfShareHash, box.maskShareHash]),
      );
    case 'confirm':
      return digestOf(frame.confirm.body);
    case 'upload':
      return digestOf(frame.upload.body);
    case 'certify':
      return digestOf(frame.statement.body);
    case 'reveal':
      return digestOf(frame.reveal.body);
    case 'abort':
      return digestOf(frame.statement.body);
  }
}
