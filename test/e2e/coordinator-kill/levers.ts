import type { Transport } from '@concordat/node';
import { type ChannelInterface, Metadata, status } from '@grpc/grpc-js';

type Call = ReturnType<ChannelInterface['createCall']>;
type Listener = Parameters<Call['start']>[1];

/** One method of one participant: from here on its messages wait. */
export interface Held {
  /** Resolves when one waits. */
  readonly reached: Promise<void>;
  release(): void;
}

interface Lever {
  readonly name: string;
  readonly method: RegExp;
  /** The messages of a call wait until it resolves. */
  readonly wait?: Promise<void>;
  readonly reach?: () => void;
  /** The last byte of what is sent is another one: of a signed message, its signature is wrong. */
  readonly forge?: boolean;
  /** The line breaks after so many messages, the next `times` times. */
  readonly cut?: { readonly messages: number; times: number };
}

/** What happens to what participants say, on its way to the coordinator. */
export class Levers {
  #levers: Lever[] = [];

  /** Everything passes as it is. */
  clear(): void {
    this.#levers = [];
  }

  hold(name: string, method: RegExp): Held {
    let release: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      this.#levers.push({ name, method, wait, reach: resolve });
    });
    return {
      reached,
      release: () => {
        this.#levers = this.#levers.filter((one) => one.wait !== wait);
        release();
      },
    };
  }

  forge(name: string, method: RegExp): void {
    this.#levers.push({ name, method, forge: true });
  }

  cut(name: string, method: RegExp, cut: { readonly messages: number; readonly times: number }): void {
    this.#levers.push({ name, method, cut: { ...cut } });
  }

  /** Of one participant. @param inner what the messages go on through. */
  transport(name: string, inner: Transport): Transport {
    return {
      channel: (address, tls, settings) => {
        const channel = inner.channel(address, tls, settings);
        const createCall: ChannelInterface['createCall'] = (method, ...rest) => {
          const call = channel.createCall(method, ...rest);
          for (const one of this.#levers) if (one.name === name && one.method.test(method)) pull(one, call);
          return call;
        };
        return new Proxy(channel, {
          get: (target, member) => {
            if (member === 'createCall') return createCall;
            const found = Reflect.get(target, member) as unknown;
            return typeof found === 'function' ? found.bind(target) : found;
          },
        });
      },
    };
  }
}

function pull(lever: Lever, call: Call): void {
  const start = call.start.bind(call);
  const send = call.sendMessageWithContext.bind(call);
  const halfClose = call.halfClose.bind(call);
  let listener: Listener | undefined;
  let sent = 0;
  let isCut = false;
  call.start = (metadata, given) => {
    listener = given;
    start(metadata, {
      onReceiveMetadata: (received) => given.onReceiveMetadata(received),
      onReceiveMessage: (message: Buffer) => given.onReceiveMessage(message),
      onReceiveStatus: (ending) => {
        if (!isCut) given.onReceiveStatus(ending);
      },
    });
  };
  let passing: Promise<unknown> = lever.wait ?? Promise.resolve();
  const inTurn = (work: () => void) => {
    if (lever.wait === undefined) work();
    else passing = passing.then(work);
  };
  call.sendMessageWithContext = (context, message) => {
    lever.reach?.();
    const { cut } = lever;
    if (cut !== undefined && cut.times > 0 && sent === cut.messages) {
      cut.times -= 1;
      isCut = true;
      call.cancelWithStatus(status.CANCELLED, 'cut');
      listener?.onReceiveStatus({ code: status.UNAVAILABLE, details: 'cut', metadata: new Metadata() });
      return;
    }
    sent += 1;
    inTurn(() => send(context, lever.forge === true ? altered(message) : message));
  };
  call.halfClose = () => inTurn(halfClose);
}

/** With another last byte. */
function altered(message: Buffer | null): Buffer {
  if (message === null || message.length === 0) return message as unknown as Buffer;
  const other = Buffer.from(message);
  other[other.length - 1]! ^= 1;
  return other;
}
