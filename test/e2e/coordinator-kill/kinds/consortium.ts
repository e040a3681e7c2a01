import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renewCertificate } from '@concordat/client-sdk';
import { backUp, registerCoordinatorCommands } from '@concordat/coordinator';
import { FederatedError, fromHex } from '@concordat/core';
import { Command } from 'commander';
import { modelAfter } from '../exact-model.js';
import { insist, pause } from '../house.js';
import type { Kind } from '../kind.js';
import { names } from '../site.js';
import type { Stage } from '../stage.js';

/** Somebody joins, is left out, comes back and goes for good while a run goes on; another one’s certificate is renewed. */
export const members: Kind = {
  name: 'members',
  alone: ['journal.invited', 'journal.enrolled', 'journal.roster-epoch', 'journal.revoked'],
  async play(stage) {
    const underWay = await stage.begin('', { draft: { rounds: 2 } });
    const newcomer = stage.runName('-newcomer');
    await stage.enrol(newcomer);
    for (const change of ['extend', 'suspend', 'reinstate', 'revoke'] as const) {
      await stage.operate((operator) => operator.changeMembership(newcomer, change).catch(unlessChanged));
    }
    await stage.finish(underWay);
    const directory = stage.site.directoryOf('acme');
    await insist(
      () => renewCertificate({ directory, transport: stage.house.transport }),
      () => undefined,
    );
  },
};

/** A run is forked from the last model of another one. */
export const forked: Kind = {
  name: 'forked',
  alone: ['journal.plan-proposed'],
  async play(stage) {
    const first = await stage.begin('', { draft: { rounds: 1 } });
    await stage.finish(first);
    const run = stage.runName('-fork');
    const args = ['run', 'fork', '--run', first.run, '--from-round', '1', '--as', run, '--rounds', '1'];
    const planHash = fromHex(await forkedPlan(stage, args));
    const { initial } = stage.played[0]!;
    await stage.finish(await stage.follow(run, planHash, modelAfter(initial, initial, names)));
  },
};

/** The store is lost in the middle of a run, and a copy of it, made while it was written, takes its place. */
export const restored: Kind = {
  name: 'restored',
  alone: ['journal.new-incarnation'],
  async play(stage) {
    const copies = mkdtempSync(join(tmpdir(), 'concordat-copies-'));
    try {
      const first = await stage.begin('', { draft: { rounds: 60 } });
      await stage.until(first.run, ({ modelVersion }) => modelVersion >= 1);
      const to = join(copies, 'copy');
      await backUp({ directory: stage.operatorDirectory, configuration: {}, to });
      const { modelVersion } = await stage.until(first.run, () => true);
      // Participants are in sums that the copy knows nothing of.
      await stage.until(first.run, (one) => one.modelVersion > modelVersion);
      await stage.house.restore(first.run, to);
      stage.played[0] = { ...stage.played[0]!, restored: true };
      await stage.finish(first, 'aborted');
      await stage.finish(await stage.begin('-anew', { draft: { rounds: 1 } }));
    } finally {
      rmSync(copies, { recursive: true, force: true });
    }
  },
};

/** Of a coordinator that died behind its answer: it is so already. */
function unlessChanged(error: unknown): void {
  if (!(error instanceof FederatedError) || error.code !== 'invalid-argument') throw error;
}

/** As an operator types it, until it succeeds. @returns the digest of its plan, hexadecimal. */
async function forkedPlan(stage: Stage, args: readonly string[]): Promise<string> {
  for (;;) {
    let stdout = '';
    const program = new Command().exitOverride();
    registerCoordinatorCommands(program, {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: () => undefined },
      environment: {},
      signal: new AbortController().signal,
      exit: () => undefined,
    });
    const flags = ['--directory', stage.operatorDirectory, '--address', stage.house.address, '--json'];
    await program.parseAsync(['coordinator', ...args, ...flags], { from: 'user' });
    const said = JSON.parse(stdout) as { status: string; data: { planHash: string }; error?: { code: string } };
    if (said.status === 'ok') return said.data.planHash;
    if (!['unavailable', 'deadline'].includes(said.error!.code)) throw new Error(`a fork is refused: ${stdout}`);
    await pause(100);
  }
}
