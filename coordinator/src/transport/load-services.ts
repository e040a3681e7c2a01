import { type ConcordatPackage, guardDefinition, loaderOptions, protoFiles, refuseByHandlers } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The wire's services, loaded from its .proto files with a scan in front of every decoder; what does not decode, handlers refuse. */
export function loadServices(): ConcordatPackage['concordat']['v1'] {
  const definition = refuseByHandlers(guardDefinition(loadSync([...protoFiles], loaderOptions)));
  return (grpc.loadPackageDefinition(definition) as unknown as ConcordatPackage).concordat.v1;
}
