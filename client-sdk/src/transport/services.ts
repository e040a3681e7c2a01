import { type ConcordatPackage, guardDefinition, loaderOptions, protoFiles } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export type Services = ConcordatPackage['concordat']['v1'];

let loaded: Services | undefined;

/** The wire's services from its .proto text, with a scan in front of every decoder. Parsed once, never changed. */
export function wireServices(): Services {
  if (loaded === undefined) {
    const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));
    loaded = (grpc.loadPackageDefinition(definition) as unknown as ConcordatPackage).concordat.v1;
  }
  return loaded;
}
