import { type ConcordatPackage, decodeToErrors, guardDefinition, loaderOptions, protoFiles } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The wire's services, loaded from its .proto files with a scan in front of every decoder; requests that do not decode, handlers refuse. */
export function loadServices(): ConcordatPackage['concordat']['v1'] {
  const definition = decodeToErrors(guardDefinition(loadSync([...protoFiles], loaderOptions)), 'requests');
  return (grpc.loadPackageDefinition(definition) as unknown as ConcordatPackage).concordat.v1;
}
