import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { definition } from '../../proto/services.js';
import type { Message } from './scenario.js';
import type { Crossing } from './turnstile.js';

interface Codec {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

const codecs = new Map(
  Object.values(definition)
    .flatMap((service) => Object.values(service as Record<string, Partial<Codec>>))
    .filter((method): method is Codec => typeof method.path === 'string')
    .map((method) => [method.path, method]),
);

/** What a method is called here; others by their own names. */
const names: Readonly<Record<string, Message>> = {
  'Rounds/CheckIn': 'check-in',
  'Rounds/Ready': 'ready',
  'Rounds/Advertise': 'advertise',
  'Rounds/Share': 'share',
  'Rounds/Confirm': 'confirm',
  'Rounds/Certify': 'certify',
  'Rounds/Reveal': 'reveal',
  'Plans/Get': 'get-plan',
  'Membership/Roster': 'get-roster',
  'Blobs/Get': 'get-blob',
  'Blobs/BeginMaskedUpdate': 'begin-upload',
  'Blobs/UploadMaskedUpdate': 'upload',
};

/** What a call is for, from its path and first frame. `round` is 0 outside a round. */
export function aboutCall(path: string, request: Buffer): { readonly message: string; readonly round: number } {
  const decoded = codecs.get(path)!.requestDeserialize(request) as {
    readonly key?: { readonly round: number } | null;
    readonly header?: { readonly key?: { readonly round: number } | null } | null;
    readonly answer?: 'approved' | 'decline';
  };
  const message = decoded.answer ?? nameOf(path);
  return { message, round: (decoded.key ?? decoded.header?.key)?.round ?? 0 };
}

function nameOf(path: string): string {
  const method = path.replace('/concordat.v1.', '');
  return names[method] ?? method;
}

/** Everything that was said and written, one line each; see README.md. */
export class Transcript {
  readonly #now: () => number;
  readonly #lines: string[] = [];
  readonly #streams = new Map<string, { frames: number; bytes: number; hash: ReturnType<typeof createHash> }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A line about what happens on the stage. */
  note(text: string): void {
    this.#lines.push(`${this.#time()} ${text}`);
  }

  /** The parts after the conversation: journals, sums, models. */
  part(title: string, lines: readonly string[]): void {
    this.#lines.push('', `## ${title}`, ...lines);
  }

  /** Model pieces and receipts are counted, not shown: they follow from what is shown. */
  cross({ participant, way, path, frame, ending }: Crossing): void {
    if (frame !== undefined) this.#count(`${participant} ${way === 'up' ? 'up' : 'down'}`, frame);
    if (way === 'end') this.#end(participant, path, ending!);
    if (way === 'end' || way === 'reply' || frame === undefined) return;
    const what = way === 'up' ? aboutUp(path, frame) : aboutDown(path, frame);
    if (what === undefined) return;
    this.#lines.push(`${this.#time()} ${participant} ${way === 'up' ? '→' : '←'} ${what} · ${size(frame)}`);
  }

  /** Frames each participant exchanged with the coordinator. */
  traffic(): string[] {
    return [...this.#streams]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([who, { frames, bytes, hash }]) =>
          `${who}: ${frames} frames · ${bytes} B ${hash.copy().digest('hex').slice(0, 16)}`,
      );
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #time(): string {
    return `${(this.#now() / 1000).toFixed(3).padStart(9)} s`;
  }

  #end(participant: string, path: string, { code, details }: NonNullable<Crossing['ending']>): void {
    const name = nameOf(path);
    this.#lines.push(
      `${this.#time()} ${participant} ✕ ${name} ends: ${status[code]}${code === status.OK ? '' : `, ${details}`}`,
    );
  }

  #count(who: string, frame: Buffer): void {
    const counted = this.#streams.get(who) ?? { frames: 0, bytes: 0, hash: createHash('sha256') };
    counted.frames += 1;
    counted.bytes += frame.length;
    counted.hash.update(frame);
    this.#streams.set(who, counted);
  }
}

/** Bytes and the start of their SHA-256. */
export function size(bytes: Uint8Array): string {
  return `${bytes.length} B ${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
}

function aboutUp(path: string, frame: Buffer): string | undefined {
  const decoded = codecs.get(path)!.requestDeserialize(frame) as { readonly frame?: 'header' | 'chunk' };
  if (decoded.frame === 'chunk') return 'masked vector';
  const { message, round } = aboutCall(path, frame);
  return round === 0 ? message : `${message} r${round}`;
}

function aboutDown(path: string, frame: Buffer): string {
  const decoded = codecs.get(path)!.responseDeserialize(frame) as {
    readonly message: string;
    readonly round: number;
    readonly session?: { readonly frame: string } | null;
  };
  const what = decoded.session?.frame ?? decoded.message;
  return decoded.round === 0 ? what : `${what} r${decoded.round}`;
}
