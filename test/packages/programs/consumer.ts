/** A program as a partner or an operator would write it: compiled against the packed packages, never run. */
import {
  type ClientEvent,
  FederatedClient,
  type Policy,
  type RecordsSource,
  readPolicy,
  type Trainer,
} from '@concordat/client-sdk';
import { type ConformanceCase, conformance, openTestCoordinator } from '@concordat/client-sdk/testing';
import { Coordinator, configurationOf, type ProgressEvent, readSettings } from '@concordat/coordinator';
import { type SimulationResult, simulate } from '@concordat/sim';
import { runCommand } from 'concordat';

export async function takePart(directory: string, trainer: Trainer, signal: AbortSignal): Promise<string> {
  const policy: Policy | undefined = await readPolicy(`${directory}/policy.yaml`);
  const seen: ClientEvent['type'][] = [];
  const client = await FederatedClient.open({
    directory,
    trainer,
    ...(policy === undefined ? {} : { policy }),
    onEvent: (event) => seen.push(event.type),
  });
  const end = await client.run({ signal, once: true });
  await client.close();
  return end?.outcome ?? 'left';
}

export async function prove(records: RecordsSource): Promise<readonly ConformanceCase[]> {
  const coordinator = await openTestCoordinator({ plan: { rounds: 1, purpose: 'test' } });
  await coordinator.close();
  return conformance({ records, participants: coordinator.consortium.members });
}

export async function coordinate(directory: string): Promise<string> {
  const coordinator: Coordinator = await Coordinator.start({
    directory,
    configuration: configurationOf(await readSettings({ flags: { directory } })),
  });
  return coordinator.address;
}

export function survivorsOf(event: ProgressEvent): readonly string[] {
  return event.type === 'round' ? event.survivors : [];
}

export type Simulated = Awaited<ReturnType<typeof simulate>> extends SimulationResult ? SimulationResult : never;
export const doors = [simulate, runCommand];
