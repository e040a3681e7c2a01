import type { ChannelCall, Transport } from '@concordat/node';
import { type ChannelInterface, Metadata, type StatusObject, status } from '@grpc/grpc-js';

type Listener = Parameters<ChannelCall['start']>[1];
type Context = Parameters<ChannelCall['sendMessageWithContext']>[0];

const checkIn = '/concordat.v1.Rounds/CheckIn';

/** What crossed the turnstile, in the order it was let through. */
export interface Crossing {
  readonly participant: string;
  /** `up`: a frame of a call; `reply`: its answer; `down`: a frame of the check-in stream; `end`: how a call or stream ended. */
  readonly way: 'up' | 'reply' | 'down' | 'end';
  readonly path: string;
  readonly frame?: Buffer;
  readonly ending?: Pick<StatusObject, 'code' | 'details'>;
}

/** A call that waits to be let through. */
export interface Held {
  readonly participant: string;
  readonly path: string;
  /** The first frame. */
  readonly request: Buffer;
}

/** How a call is let through. */
export type Passage =
  | { readonly type: 'pass' }
  /** The coordinator answers; the answer is lost and the participant sees its line break. */
  | { readonly type: 'lose-reply' }
  /** The line breaks before the call goes out. */
  | { readonly type: 'cut' }
  /** The line breaks when this many frames are out. */
  | { readonly type: 'break'; readonly afterFrames: number };

/**
 * Stands between participants and their transport, whichever it is. Calls wait here until they are let through, one at a time;
 * what the coordinator says on the check-in streams waits until it is handed over. So the order in which things happen is the
 * scenario's and not that of sockets.
 */
export class Turnstile {
  readonly #lines = new Set<Line>();
  readonly #onCrossing: (crossing: Crossing) => void;
  /** Grows with everything that moves. */
  moves = 0;

  constructor(onCrossing: (crossing: Crossing) => void) {
    this.#onCrossing = onCrossing;
  }

  /** The transport as one participant's client sees it. @param address of the coordinator at the moment. */
  transport(participant: string, inner: () => { readonly transport: Transport; readonly address: string }): Transport {
    return {
      channel: (_address, tls, settings) => {
        const open = () => {
          const { transport, address } = inner();
          return transport.channel(address, tls, settings);
        };
        const line = new Line(participant, open, this.#hooks());
        this.#lines.add(line);
        return line;
      },
    };
  }

  /** Whether a call or a frame waits. */
  waits(): boolean {
    return this.#sorted().some((line) => line.waits);
  }

  /** Calls that wait: of the first participant by name first, each one's in the order it made them. */
  held(): readonly Held[] {
    return this.#sorted().flatMap((line) => line.held);
  }

  letThrough(held: Held, passage: Passage): void {
    const line = this.#sorted().find((one) => one.held.includes(held as HeldCall))!;
    if (passage.type === 'cut') line.cut();
    else line.release(held as HeldCall, passage);
  }

  /** Hand the oldest waiting frame of every check-in stream over. @returns false when none waits. */
  handOver(): boolean {
    return this.#sorted().reduce((any, line) => line.handOver() || any, false);
  }

  /** The coordinator is another process now: every line breaks, and leads to the new one when it is used again. */
  rewire(): void {
    for (const line of this.#sorted()) line.rewire();
  }

  /** Nobody is there any more: what waits is gone, what is open ends, and nothing is told of it. */
  kill(participant: string): void {
    for (const line of this.#sorted()) if (line.participant === participant) line.kill();
  }

  /** The channels in use, to ask for a sign of life. */
  channels(): readonly ChannelInterface[] {
    return this.#sorted().map((line) => line.inner);
  }

  #hooks(): LineHooks {
    return {
      moved: () => {
        this.moves++;
      },
      crossed: (crossing) => this.#onCrossing(crossing),
      closed: (line) => this.#lines.delete(line),
    };
  }

  #sorted(): readonly Line[] {
    return [...this.#lines].sort((a, b) => (a.participant < b.participant ? -1 : 1));
  }
}

interface LineHooks {
  readonly moved: () => void;
  readonly crossed: (crossing: Crossing) => void;
  readonly closed: (line: Line) => void;
}

/** One participant's channel. */
class Line implements ChannelInterface {
  readonly participant: string;
  inner: ChannelInterface;
  readonly hooks: LineHooks;
  dead = false;
  readonly #open: () => ChannelInterface;
  readonly #calls = new Set<HeldCall>();

  constructor(participant: string, open: () => ChannelInterface, hooks: LineHooks) {
    this.participant = participant;
    this.#open = open;
    this.inner = open();
    this.hooks = hooks;
  }

  get waits(): boolean {
    return [...this.#calls].some((call) => call.waits || call.speaks);
  }

  get held(): readonly HeldCall[] {
    return [...this.#calls].filter((call) => call.waits);
  }

  createCall(...[path, deadline, host, parent, flags]: Parameters<ChannelInterface['createCall']>): ChannelCall {
    const open = () => this.inner.createCall(path, deadline, host, parent, flags);
    const call: HeldCall = new HeldCall(this, path, open, () => this.#calls.delete(call));
    this.#calls.add(call);
    return call;
  }

  release(call: HeldCall, passage: Passage): void {
    call.release(passage);
  }

  handOver(): boolean {
    return [...this.#calls].reduce((any, call) => call.handOver() || any, false);
  }

  cut(): void {
    for (const call of [...this.#calls]) call.break();
  }

  rewire(): void {
    this.cut();
    this.inner.close();
    this.inner = this.#open();
  }

  kill(): void {
    this.dead = true;
    this.close();
  }

  close(): void {
    this.hooks.closed(this);
    for (const call of [...this.#calls]) call.break();
    this.inner.close();
  }

  getTarget(): string {
    return this.inner.getTarget();
  }

  getConnectivityState(connect: boolean) {
    return this.inner.getConnectivityState(connect);
  }

  watchConnectivityState(...arguments_: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.inner.watchConnectivityState(...arguments_);
  }

  getChannelzRef() {
    return this.inner.getChannelzRef();
  }
}

const broken = { code: status.UNAVAILABLE, details: 'the line broke', metadata: new Metadata() };

class HeldCall implements ChannelCall, Held {
  readonly path: string;
  readonly #line: Line;
  readonly #open: () => ChannelCall;
  readonly #gone: () => void;
  /** Everything asked of the call before it was let through. */
  #asked: ((inner: ChannelCall) => void)[] = [];
  #frames = 0;
  #request: Buffer | undefined;
  #inner: ChannelCall | undefined;
  #listener: Listener | undefined;
  #passage: Passage = { type: 'pass' };
  #over = false;
  /** Of a check-in stream: what the coordinator said and nobody was told yet. */
  readonly #waiting: (() => void)[] = [];

  constructor(line: Line, path: string, open: () => ChannelCall, gone: () => void) {
    this.#line = line;
    this.path = path;
    this.#open = open;
    this.#gone = gone;
  }

  get participant(): string {
    return this.#line.participant;
  }

  get request(): Buffer {
    return this.#request!;
  }

  get waits(): boolean {
    return this.#inner === undefined && !this.#over && this.#request !== undefined;
  }

  /** The coordinator said something that nobody was told yet. */
  get speaks(): boolean {
    return this.#waiting.length > 0;
  }

  start(metadata: Metadata, listener: Listener): void {
    this.#line.hooks.moved();
    this.#listener = listener;
    if (this.#line.dead) this.break();
    else this.#do((inner) => inner.start(metadata, this.#relay()));
  }

  sendMessageWithContext(context: Context, frame: Buffer): void {
    this.#line.hooks.moved();
    this.#request ??= frame;
    this.#do((inner) => {
      if (this.#over) return;
      this.#cross('up', { frame });
      this.#frames++;
      inner.sendMessageWithContext(context, frame);
      if (this.#passage.type === 'break' && this.#frames >= this.#passage.afterFrames) this.break();
    });
  }

  startRead(): void {
    // Streams are read ahead, so that it shows when nothing more is on its way.
    if (this.path !== checkIn) this.#do((inner) => inner.startRead());
  }

  halfClose(): void {
    this.#do((inner) => {
      if (!this.#over) inner.halfClose();
    });
  }

  cancelWithStatus(code: status, details: string): void {
    if (this.#over) return;
    this.#end({ code, details, metadata: new Metadata() });
    this.#inner?.cancelWithStatus(code, details);
  }

  release(passage: Passage): void {
    this.#line.hooks.moved();
    this.#passage = passage;
    const inner = this.#open();
    this.#inner = inner;
    for (const step of this.#asked.splice(0)) step(inner);
    if (this.path === checkIn) inner.startRead();
  }

  /** The line breaks: the participant is told, and the coordinator sees the call gone. */
  break(): void {
    if (this.#over) return;
    if (!this.#line.dead) this.#cross('end', { ending: broken });
    this.#end(broken);
    this.#inner?.cancelWithStatus(status.CANCELLED, 'the line broke');
  }

  handOver(): boolean {
    const next = this.#waiting.shift();
    next?.();
    return next !== undefined;
  }

  getPeer(): string {
    return this.#inner?.getPeer() ?? 'held';
  }

  getCallNumber(): number {
    return this.#inner?.getCallNumber() ?? 0;
  }

  setCredentials(): void {}

  getAuthContext() {
    return this.#inner?.getAuthContext() ?? null;
  }

  #relay(): Listener {
    const isStream = this.path === checkIn;
    const later = (happen: () => void) => {
      this.#line.hooks.moved();
      if (isStream) this.#waiting.push(happen);
      else happen();
    };
    return {
      onReceiveMetadata: (metadata) => this.#listener?.onReceiveMetadata(metadata),
      onReceiveMessage: (frame) => {
        if (isStream) this.#inner?.startRead();
        later(() => {
          if (this.#over || this.#passage.type === 'lose-reply') return;
          this.#cross(isStream ? 'down' : 'reply', { frame });
          this.#listener?.onReceiveMessage(frame);
        });
      },
      onReceiveStatus: (ending) =>
        later(() => {
          if (this.#over) return;
          const seen = this.#passage.type === 'lose-reply' ? broken : ending;
          if (seen.code !== status.OK || isStream) this.#cross('end', { ending: seen });
          this.#end(seen);
        }),
    };
  }

  #do(step: (inner: ChannelCall) => void): void {
    if (this.#inner === undefined) this.#asked.push(step);
    else step(this.#inner);
  }

  #end(ending: StatusObject): void {
    this.#line.hooks.moved();
    this.#over = true;
    this.#waiting.length = 0;
    this.#gone();
    setImmediate(() => this.#listener?.onReceiveStatus(ending));
  }

  #cross(way: Crossing['way'], what: Pick<Crossing, 'frame' | 'ending'>): void {
    this.#line.hooks.crossed({ participant: this.participant, way, path: this.path, ...what });
  }
}
