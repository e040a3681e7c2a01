import { encodePlan, FederatedError, fromHex, signPlan, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import type { Command } from 'commander';
import { type EndedRound, forkedPlan, mayTrainFrom } from '../model/forked-plan.js';
import type { OperatorClient } from '../transport/operator-client.js';
import type { CommandIo } from './io.js';
import { asOperator, type OperatorFlags, operatorOptions } from './operator-session.js';
import { idValue, wholeNumberValue } from './option-values.js';

interface ForkFlags extends OperatorFlags {
  readonly run: string;
  readonly fromRound: string;
  readonly as: string;
  readonly rounds?: string;
  readonly purpose?: string;
  readonly expires?: string;
}

const roundsValue = wholeNumberValue(1, 1_000_000);

/** `coordinator run fork`. */
export function addForkCommand(run: Command, io: CommandIo): void {
  operatorOptions(
    run
      .command('fork')
      .description('Propose a plan that goes on from the model of an earlier round, in a run of its own.'),
  )
    .requiredOption('--run <id>', 'the run it goes on from', idValue)
    .requiredOption('--from-round <number>', 'a round of it that published a model', roundsValue)
    .requiredOption('--as <id>', 'id of the new run', idValue)
    .option('--rounds <number>', 'models to publish (default: as many as that run had left)', roundsValue)
    .option('--purpose <text>', 'what for (default: as before)')
    .option('--expires <time>', 'until when it can be approved, as 2030-01-31T00:00:00Z (default: as before)')
    .action((flags: ForkFlags) =>
      asOperator(io, flags, async (client, keys) => {
        const { plan, modelVersion, barred } = await fork(client, flags);
        const planHash = toHex(await client.propose(signPlan(nodeCrypto, keys.operatorKey, encodePlan(plan))));
        return {
          data: { planHash, run: plan.run, modelVersion, barred, plan },
          lines: [
            `Proposed plan ${planHash}: run ${plan.run} goes on from model ${modelVersion} of run ${flags.run}, for ${plan.rounds} ${plan.rounds === 1 ? 'model' : 'models'}.`,
            ...(barred.length === 0
              ? []
              : [`Its first model is made without ${barred.join(', ')}: they took part in a sum on that model.`]),
            `Next: concordat coordinator run start --plan ${planHash} --run ${plan.run}`,
          ],
        };
      }),
    );
}

async function fork(client: OperatorClient, flags: ForkFlags) {
  const { run, fromRound } = flags;
  const round = await endedRound(client, run, Number(fromRound));
  const { runs } = await client.status();
  const planHash = fromHex(runs.find((one) => one.run === run)!.planHash);
  const { plan } = await client.plan(planHash);
  const later: EndedRound[] = [];
  for (let next = Number(fromRound) + 1; ; next++) {
    const one = await endedRound(client, run, next).catch(unknownRound);
    if (one === undefined || !mayTrainFrom(plan, round.modelVersion, one)) break;
    later.push(one);
  }
  const members = (await client.participants()).filter(({ state }) => state === 'admitted');
  const roster = new Map(members.map(({ participant, organization }) => [participant, organization]));
  return forkedPlan(
    { run, planHash, plan, round, later, roster },
    {
      run: flags.as,
      ...(flags.rounds === undefined ? {} : { rounds: Number(flags.rounds) }),
      ...(flags.purpose === undefined ? {} : { purpose: flags.purpose }),
      ...(flags.expires === undefined ? {} : { expires: flags.expires }),
    },
  );
}

/** @throws `protocol` while the round is under way; as {@link OperatorClient.explain}. */
async function endedRound(client: OperatorClient, run: string, round: number): Promise<EndedRound> {
  const { report, kind, outcome } = await client.explain(run, round);
  if (report !== undefined) return { ...report, kind, outcome };
  throw new FederatedError('protocol', `round ${round} of run ${run} is under way`, {
    fix: `End the run first, or let it go on: concordat coordinator run end --run ${run}.`,
  });
}

function unknownRound(error: unknown): undefined {
  if (error instanceof FederatedError && error.code === 'invalid-argument') return undefined;
  throw error;
}
