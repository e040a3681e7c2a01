import {
  chooseKernels,
  countedKeystreams,
  Garbage,
  type KernelChoice,
  minorCollection,
  nodeCrypto,
} from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import type { SimulationPorts } from './consortium.js';

/**
 * Of keystreams, between two collections. Of a simulated round they are nearly all that becomes garbage: left to itself V8 collects the whole
 * heap, with the state of all parties, for every few dozen megabytes of them.
 */
const garbageBytesMax = 8 * 1024 * 1024;

/** What computes in a process that does nothing but simulate: it collects its garbage itself. */
export function portsOfOwnProcess(kernels: KernelChoice = 'auto'): SimulationPorts {
  const crypto = countedKeystreams(nodeCrypto, new Garbage(garbageBytesMax, minorCollection()));
  return { crypto, codec: sessionCodec, kernels: chooseKernels(kernels) };
}
