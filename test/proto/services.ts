import { guardDefinition, loaderOptions, protoFiles } from '@concordat/proto';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** The services as the transports load them: proto-loader behind the guard. */
export const definition = guardDefinition(loadSync([...protoFiles], loaderOptions));

export function methodOf<Request, Reply>(
  service: string,
  name: string,
): MethodDefinition<Request, never, never, Reply> {
  const loaded = definition[`concordat.v1.${service}`] as ServiceDefinition;
  return loaded[name] as unknown as MethodDefinition<Request, never, never, Reply>;
}
