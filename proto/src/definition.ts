import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bounds, FederatedError } from '@concordat/core';
import protobuf from 'protobufjs';
import { scanWire } from './wire-scan.js';

/** The directory that imports inside the .proto files are relative to. It is part of this package. */
export const includeDir: string = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Absolute paths of the wire's .proto files. */
export const protoFiles: readonly string[] = [
  'session',
  'rounds',
  'blobs',
  'results',
  'membership',
  'plans',
  'runs',
  'health',
].map((name) => join(includeDir, 'concordat', 'v1', `${name}.proto`));

/** Options for `@grpc/proto-loader`; the generated types are made with the same. */
export const loaderOptions = {
  keepCase: false,
  longs: Number,
  defaults: true,
  arrays: true,
  objects: true,
  oneofs: true,
  includeDirs: [includeDir],
};

/** The reflection of all files, parsed once from the text in the package. */
export const protoRoot: protobuf.Root = parseAll();

function parseAll(): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of protoFiles) protobuf.parse(readFileSync(file, 'utf8'), root, { keepCase: false });
  root.resolveAll();
  return root;
}

interface LoadedMethod {
  readonly path: string;
  requestDeserialize: (bytes: Buffer) => object;
  responseDeserialize: (bytes: Buffer) => object;
}

/**
 * Put a scan of the wire in front of every decoder of a package definition: nothing is allocated for a message with too many
 * fields, too much nesting or lengths that leave it. Call it on the result of `loadSync`, before `loadPackageDefinition`.
 *
 * @param definition from `@grpc/proto-loader`, changed in place.
 * @returns the same definition. A decoder then throws `malformed`.
 */
export function guardDefinition<Definition extends object>(definition: Definition): Definition {
  for (const service of Object.values(definition)) {
    for (const method of Object.values(service as Record<string, unknown>)) {
      if (isLoadedMethod(method)) guardMethod(method);
    }
  }
  return definition;
}

/**
 * Let decoders give their error in the place of a message, for code that looks for it with {@link requireDecoded}. gRPC has one answer to a
 * decoder that throws, `internal` without a word why, and whoever gets it would look for the fault on the other side.
 *
 * @param definition as {@link guardDefinition} gives it, changed in place.
 * @param received what is decoded here: a server's requests, a client's replies.
 * @returns the same definition.
 */
export function decodeToErrors<Definition extends object>(
  definition: Definition,
  received: 'requests' | 'replies',
): Definition {
  for (const service of Object.values(definition)) {
    for (const method of Object.values(service as Record<string, unknown>)) {
      if (!isLoadedMethod(method)) continue;
      const { requestDeserialize, responseDeserialize } = method;
      if (received === 'requests') method.requestDeserialize = (bytes) => decodeOrError(requestDeserialize, bytes);
      else method.responseDeserialize = (bytes) => decodeOrError(responseDeserialize, bytes);
    }
  }
  return definition;
}

/** @throws `malformed` when it is an error in the place of a message. */
export function requireDecoded<Message>(message: Message): Message {
  if (message instanceof FederatedError) throw message;
  return message;
}

function decodeOrError(decode: (bytes: Buffer) => object, bytes: Buffer): object {
  try {
    return decode(bytes);
  } catch (cause) {
    if (cause instanceof FederatedError) return cause;
    return new FederatedError('malformed', 'a message does not decode', { detail: { offered: bytes.length }, cause });
  }
}

function isLoadedMethod(value: unknown): value is LoadedMethod {
  return typeof value === 'object' && value !== null && 'requestDeserialize' in value && 'path' in value;
}

function guardMethod(method: LoadedMethod): void {
  const [, serviceName, methodName] = method.path.split('/');
  const reflected = protoRoot.lookupService(serviceName!).methods[methodName!]!;
  reflected.resolve();
  const { requestDeserialize, responseDeserialize } = method;
  // One receive limit for all methods is all that gRPC knows; control methods get their smaller one here.
  const bytesMax = serviceName === 'concordat.v1.Blobs' ? bounds.messageBytesMax : bounds.controlMessageBytesMax;
  method.requestDeserialize = (bytes) => {
    scanWire(reflected.resolvedRequestType!, bytes, bytesMax);
    return requestDeserialize(bytes);
  };
  method.responseDeserialize = (bytes) => {
    scanWire(reflected.resolvedResponseType!, bytes, bytesMax);
    return responseDeserialize(bytes);
  };
}
