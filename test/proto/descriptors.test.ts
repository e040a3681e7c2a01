import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bounds, FederatedError } from '@concordat/core';
import { includeDir, loaderOptions, protoFiles } from '@concordat/proto';
import { expect } from 'chai';
import protobuf from 'protobufjs';
import { methodOf } from './services.js';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(includeDir, target));
root.loadSync([...protoFiles]).resolveAll();

function typesBelow(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((each) => [
    ...(each instanceof protobuf.Type ? [each] : []),
    ...(each instanceof protobuf.Namespace ? typesBelow(each) : []),
  ]);
}

const types = typesBelow(root);
const fields = types.flatMap((type) => type.fieldsArray.map((field) => `${type.name}.${field.name}`));

/** Words under which one participant's records, their number, or how well they fit would travel. */
const telling =
  /example|sample|record|count|weight|metric|accuracy|loss|auc|score|label|histogram|gradient|delta|norm|mean|variance|batch|num|size|total|rows|average/i;

/**
 * Fields that have such a word and tell nothing of one participant, each with why.
 * A field that is not here and has such a word is refused: the list is read when it grows.
 */
const harmless: Readonly<Record<string, string>> = {
  'SessionConfigBody.clippingNorm': 'a limit of the plan, the same for all',
  'SessionConfigBody.maxWeight': 'a limit of the plan, the same for all',
  'PutHeader.sizeBytes': 'length of a model or document that the operator uploads',
  'BlobChunk.sizeBytes': 'length of a model or document that anybody fetches',
};

describe('the wire', () => {
  it('is walked as a whole: services, bodies and frames', () => {
    expect(types.map((type) => type.name)).to.include.members([
      'SessionConfigBody',
      'ReadyRequest',
      'UploadHeader',
      'RunEvent',
    ]);
    expect(fields.length).to.be.above(150);
  });

  it('has no field for an example count, weight or metric of one participant', () => {
    expect(fields.filter((name) => telling.test(name.split('.')[1]!) && !Object.hasOwn(harmless, name))).to.deep.equal(
      [],
    );
  });

  it('has every field that is excepted from that, so that no exception outlives its field', () => {
    expect(fields).to.include.members(Object.keys(harmless));
  });

  it('sends numbers from a participant only as places, lengths, times and versions', () => {
    const fromParticipants = reachable(['Rounds', 'Blobs'], ['Put']);
    const numbers = fromParticipants.flatMap((type) =>
      type.fieldsArray
        .filter((field) => !(field.resolvedType || /^(bytes|string|bool)$/.test(field.type)))
        .map((field) => `${type.name}.${field.name}`),
    );
    expect(numbers.sort()).to.deep.equal([
      'CheckInRequest.clientEpoch',
      'CheckInRequest.wireVersions',
      'Chunk.crc32',
      'Chunk.offset',
      'GetRequest.offset',
      'ReceiptsRequest.round',
      'RoundKey.round',
    ]);
    const bodies = [
      'AdvertBody',
      'ShareBody',
      'ConfirmBody',
      'UploadBody',
      'SurvivorsBody',
      'RevealBody',
      'RevealedShare',
      'AbortBody',
    ];
    const signed = bodies.flatMap((name) =>
      root
        .lookupType(`concordat.v1.${name}`)
        .fieldsArray.filter((field) => /int|fixed|double|float/.test(field.type))
        .map((field) => `${name}.${field.name}`),
    );
    expect(signed.sort()).to.deep.equal([
      'ConfirmBody.participant',
      'RevealBody.participant',
      'RevealedShare.dealer',
      'RevealedShare.kind',
      'ShareBody.dealer',
      'UploadBody.lengthBytes',
      'UploadBody.participant',
    ]);
  });

  it('is the same in the generated types', () => {
    const tool = join(repository, 'proto/tools/generate-types.mjs');
    const { status, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
  });

  it('is loaded with the options that the generated types were made with', () => {
    expect(loaderOptions).to.deep.include({ keepCase: false, longs: Number, defaults: true, oneofs: true });
  });

  it('gives control methods a smaller message than bulk methods, whatever gRPC allows', () => {
    const unknown = (length: number): Buffer => {
      // Field 100 (bytes), which nobody knows, of the length left.
      const header = [0xa2, 0x06, ...varint(length - 2 - varint(length).length)];
      return Buffer.concat([Buffer.from(header), Buffer.alloc(length - header.length)]);
    };
    const most = bounds.controlMessageBytesMax + 1;
    expect(() => methodOf('Rounds', 'Ready').requestDeserialize(unknown(most) as never)).to.throw(
      FederatedError,
      'too long',
    );
    expect(() => methodOf('Blobs', 'Put').requestDeserialize(unknown(most) as never)).to.not.throw();
  });

  it('refuses nested, numerous, mistyped and ill-spelled messages before decoding them', () => {
    const ready = methodOf('Rounds', 'Ready').requestDeserialize;
    const hostile: [string, number[]][] = [
      [
        'too many fields',
        Array<number>(20_000)
          .fill(0)
          .map((_, i) => (i % 2 ? 0 : 0x0a)),
      ],
      ['wrong wire type', [0x08, 0x01]],
      ['ends inside', [0x0a]],
      ['leaves the message', [0x0a, 0x05]],
      ['not UTF-8', [0x0a, 0x03, 0x0a, 0x01, 0xff]],
      ['longer than ten bytes', [0x0a, ...Array<number>(10).fill(0xff), 0x01]],
      ['unknown wire type', [0x7b]],
      ['field number', [0x02]],
    ];
    for (const [message, bytes] of hostile) {
      expect(() => ready(Buffer.from(bytes) as never), message)
        .to.throw(FederatedError, message)
        .with.property('code', 'malformed');
    }
  });
});

function reachable(services: readonly string[], except: readonly string[]): protobuf.Type[] {
  const found = new Set<protobuf.Type>();
  const visit = (type: protobuf.Type): void => {
    if (found.has(type)) return;
    found.add(type);
    for (const field of type.fieldsArray) if (field.resolvedType instanceof protobuf.Type) visit(field.resolvedType);
  };
  for (const name of services) {
    for (const method of root.lookupService(`concordat.v1.${name}`).methodsArray) {
      method.resolve();
      if (!except.includes(method.name)) visit(method.resolvedRequestType!);
    }
  }
  return [...found];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}
