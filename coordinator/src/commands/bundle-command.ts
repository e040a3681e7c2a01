import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { FederatedError } from '@concordat/core';
import { parseAddress, reportShow, writeSecretFile } from '@concordat/node';
import { conclude } from '@concordat/proto';
import type { Command } from 'commander';
import { type BundleFile, type BundleParts, bundleArchive, bundleFiles } from '../bundle/bundle.js';
import { knownSecrets } from '../bundle/known-secrets.js';
import { logTail } from '../bundle/log-tail.js';
import { readOperatorSettings, resolveConfiguration } from '../configuration.js';
import { explainRound } from '../explain/explain-round.js';
import { diskUse } from '../size/disk-use.js';
import { bytesText } from '../size/plan-size.js';
import type { CoordinatorStatus } from '../status.js';
import { withStoppedStore } from '../store/stopped-store.js';
import { software } from '../transport/versions.js';
import { readWebhooks } from '../webhooks/webhooks-file.js';
import type { CommandIo } from './io.js';
import { type OperatorFlags, operatorOptions, withOperator } from './operator-session.js';

interface BundleFlags extends OperatorFlags {
  readonly to?: string;
  readonly log?: string;
  readonly list?: boolean;
}

/** Rounds that are told, newest first. */
const roundsMax = 5;
const eventsMax = 1_000;
const scrapeMillis = 5_000;

/** `coordinator bundle`. */
export function addBundleCommand(group: Command, io: CommandIo): void {
  operatorOptions(
    group
      .command('bundle')
      .description(
        'One archive for a support ticket, without keys, shares, updates or passwords. Prints what is in it first.',
      ),
  )
    .option('--to <file>', 'where it is written, e.g. concordat.tar.gz; readable by its owner only')
    .option('--log <file>', "take the end of this file too: the coordinator's log")
    .option('--list', 'only print what would be in it')
    .action((flags: BundleFlags) => conclude(io, flags.json === true, () => bundle(io, flags)));
}

async function bundle(io: CommandIo, flags: BundleFlags) {
  const { to, list, json } = flags;
  if (to === undefined && list !== true) {
    throw new FederatedError('invalid-argument', 'where the archive goes is not said', {
      fix: 'Give --to FILE, or --list to see what would be in it.',
    });
  }
  if (to !== undefined && existsSync(resolve(to))) {
    throw new FederatedError('invalid-argument', `${resolve(to)} is there already`, {
      fix: 'Name another file: nothing is written over.',
    });
  }
  const { directory } = readOperatorSettings({ flags: { ...flags }, environment: io.environment });
  const { values } = await resolveConfiguration({ flags: { directory }, environment: io.environment });
  const references = values.storePassword === undefined ? [] : [values.storePassword];
  const known = await knownSecrets(directory, io.environment, references);
  const { webhooks } =
    values.webhooks === undefined ? { webhooks: [] } : await readWebhooks(values.webhooks, io.environment);
  const secrets = [...known, ...webhooks.map(({ secret }) => Buffer.from(secret).toString())];
  const files = await bundleFiles(partsOf(io, flags, directory), secrets);
  const contents = files.map(({ name, what, text }) => ({ name, what, bytes: Buffer.byteLength(text) }));
  const lines = contents.map(({ name, what, bytes }) => `  ${name} (${bytesText(bytes)}): ${what}`);
  if (to === undefined || list === true) return { data: { files: contents }, lines };
  if (json !== true) for (const line of lines) io.stdout.write(`${line}\n`);
  const path = resolve(to);
  await writeArchive(path, files);
  return { data: { path, files: contents }, lines: [`Wrote ${path}. Look into it before you send it.`] };
}

async function writeArchive(path: string, files: readonly BundleFile[]): Promise<void> {
  await writeSecretFile(path, await bundleArchive(files, Date.now()));
}

function partsOf(io: CommandIo, flags: BundleFlags, directory: string): BundleParts {
  const { environment } = io;
  const settings = () => resolveConfiguration({ flags: { directory }, environment });
  /** Ask the coordinator that runs, or read what one left. */
  const asked = <T>(ask: Parameters<typeof withOperator<T>>[2], read: Parameters<typeof withStoppedStore<T>>[1]) =>
    withOperator(io, flags, ask).catch((error: unknown) => {
      if (error instanceof FederatedError && error.code === 'unavailable')
        return withStoppedStore({ directory, environment }, read);
      throw error;
    });
  return {
    about: () => ({
      software,
      node: process.version,
      platform: `${process.platform} ${process.arch} ${release()}`,
      made: new Date().toISOString(),
    }),
    settings: async () =>
      reportShow(await settings(), { origins: true, checkCommand: 'concordat coordinator config check' }).data,
    status: () =>
      asked<CoordinatorStatus | object>(
        (client) => client.status(),
        async (store) => ({
          state: 'stopped',
          runs: (await store.runs.list()).map(({ planHash: _, modelHash: __, ...run }) => run),
        }),
      ),
    rounds: () =>
      asked(
        async (client) => {
          const [run] = (await client.status()).runs;
          if (run === undefined) return [];
          const rounds = (await client.journal(eventsMax, run.run)).map(({ round }) => round);
          return Promise.all(newest(rounds).map((round) => client.explain(run.run, round)));
        },
        async (store) => {
          const [run] = await store.runs.list();
          if (run === undefined) return [];
          const rounds = await store.journalReader.newestRounds(run.run, roundsMax);
          return Promise.all(rounds.map((round) => explainRound(store, run.run, round)));
        },
      ),
    journal: () =>
      asked(
        (client) => client.journal(eventsMax),
        (store) => store.journalReader.newestEvents(eventsMax),
      ),
    size: async () => diskUse(directory, (await settings()).values.blobs),
    metrics: async () => scraped((await settings()).values.observe),
    log: async () => {
      if (flags.log === undefined) throw new Error('no file was named with --log');
      return logTail(resolve(flags.log));
    },
  };
}

function newest(rounds: readonly number[]): number[] {
  return [...new Set(rounds)]
    .filter((round) => round > 0)
    .sort((a, b) => b - a)
    .slice(0, roundsMax);
}

async function scraped(observe: string | undefined): Promise<string> {
  const at = observe === undefined ? undefined : parseAddress(observe);
  if (at === undefined) throw new Error('metrics are not answered: the setting observe is not there');
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  const answer = await fetch(`http://${host}:${at.port}/metrics`, { signal: AbortSignal.timeout(scrapeMillis) });
  return answer.text();
}
