import { type ConcordatPackage, guardDefinition, loaderOptions, protoFiles } from '@concordat/proto';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface Codecs {
  requestSerialize(value: object): Buffer;
  requestDeserialize(bytes: Buffer): object;
  responseSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

/** Changes the bytes of one message on its way out. */
export type Tamper = (bytes: Buffer) => Buffer;

/** The wire's services, with the bytes of every message in reach: what was received, and what is sent. */
export class SpokenWire {
  readonly services: ConcordatPackage['concordat']['v1'];
  readonly #received = new WeakMap<object, Buffer>();
  readonly #tampered = new WeakMap<object, Tamper>();

  constructor() {
    const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));
    for (const entry of Object.values(definition)) {
      if ('format' in entry) continue;
      for (const method of Object.values(entry)) this.#listen(method as unknown as Codecs);
    }
    this.services = (loadPackageDefinition(definition) as unknown as ConcordatPackage).concordat.v1;
  }

  /** The bytes that a message was decoded from. */
  bytesOf(message: object): Buffer {
    return this.#received.get(message) ?? Buffer.alloc(0);
  }

  /** Have this message leave with other bytes. @returns the message. */
  tamper<Message extends object>(message: Message, change: Tamper): Message {
    this.#tampered.set(message, change);
    return message;
  }

  #listen(method: Codecs): void {
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = method;
    const hear = (decode: (bytes: Buffer) => object) => (bytes: Buffer) => {
      const message = decode(bytes);
      this.#received.set(message, bytes);
      return message;
    };
    const say = (encode: (value: object) => Buffer) => (value: object) => {
      const bytes = encode(value);
      return this.#tampered.get(value)?.(bytes) ?? bytes;
    };
    method.requestSerialize = say(requestSerialize);
    method.responseSerialize = say(responseSerialize);
    method.requestDeserialize = hear(requestDeserialize);
    method.responseDeserialize = hear(responseDeserialize);
  }
}
