import { FederatedError } from '@concordat/core';
import {
  checkScenario,
  foundConsortium,
  portsOfOwnProcess,
  type ScenarioInput,
  type SimulationResult,
  simulate,
  simulateTraining,
  simulateTrainingWorld,
  VirtualTime,
} from '@concordat/sim';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';

const scenario: ScenarioInput = {
  name: 'learning',
  participants: 6,
  rounds: 3,
  cohort: { min: 4, size: 4, max: 4 },
  train: {
    data: 'mnist',
    examples: 1_200,
    partition: { name: 'labels', each: 5 },
    model: { hidden: [16] },
    optimizer: { name: 'sgd', learningRate: 0.1 },
  },
};
const training = { ...scenario.train! };

describe('a simulation that trains', function () {
  this.timeout(60_000);
  let result: SimulationResult;

  before(async () => {
    result = await simulateTraining(scenario, { workers: 1 });
  });

  it('sums what participants trained exactly, as every simulation does, and learns', () => {
    expect(result).to.include({ outcome: 'completed', exact: true });
    const accuracies = result.rounds.map(({ measured }) => measured!.accuracy!);
    expect(accuracies).to.have.length(3);
    expect(accuracies[2]).to.be.above(0.5).and.above(accuracies[0]!);
    expect(result.rounds.every(({ survivors }) => survivors.length === 4)).to.equal(true);
  });

  it('gives the same models bit for bit with two workers, and others for another seed', async () => {
    expect(result.modelHash).to.match(/^[0-9a-f]{64}$/);
    expect(await simulateTraining(scenario, { workers: 2 })).to.deep.equal(result);
    const other = await simulateTraining({ ...scenario, seed: 2, rounds: 1 }, { workers: 2 });
    expect(other.rounds[0]!.outcome).to.not.deep.equal(result.rounds[0]!.outcome);
  });

  it('holds local weights at the model with FedProx, the more the larger μ', async () => {
    const lossOf = async (proximal: number) => {
      const { rounds } = await simulateTraining(
        { ...scenario, rounds: 1, train: { ...training, proximal } },
        { workers: 1 },
      );
      return rounds[0]!.measured!.loss!;
    };
    // Held hard, the model hardly moves in one round.
    expect(await lossOf(1e-6)).to.be.closeTo(result.rounds[0]!.measured!.loss!, 1e-3);
    expect(await lossOf(9)).to.be.above(result.rounds[0]!.measured!.loss! + 0.1);
  });

  it('goes on without who dies, with the sum of the others', async () => {
    const drops = [{ round: 1, participant: 2, step: 'upload' as const }];
    const { rounds } = await simulateTraining({ ...scenario, rounds: 1, cohort: { min: 3, size: 6, max: 6 }, drops });
    expect(rounds).to.have.length(1);
    expect(rounds[0]).to.include({ exact: true });
    expect(rounds[0]!.survivors).to.deep.equal(['p1', 'p3', 'p4', 'p5', 'p6']);
    expect(rounds[0]!.measured!.accuracy).to.be.above(0.1);
  });

  it('ends when a model is as good as was asked for, and measures no more often than it is told to', async () => {
    const [, second] = result.rounds.map(({ measured }) => measured!.accuracy!);
    const until = { accuracy: second! - 1e-9 };
    const { rounds, reason } = await simulateTraining({ ...scenario, train: { ...training, until, measureEvery: 2 } });
    expect(rounds.map(({ measured }) => measured?.accuracy)).to.deep.equal([undefined, second]);
    expect(reason).to.match(/^an accuracy of 0\.\d+ was reached$/);
  });

  it('has whose training fails be missing as in production, and abandons a round that has too few then', async () => {
    const founded = foundConsortium(
      checkScenario({ name: 'failing', participants: 5, rounds: 1, retries: 0 }),
      portsOfOwnProcess('plain'),
    );
    const diverged = new FederatedError('refused', 'the loss of step 3 is NaN');
    const failing = (seats: number) =>
      simulateTrainingWorld({
        ...founded,
        time: new VirtualTime(),
        engine: {
          root: founded.engine.root,
          update: founded.engine.update,
          publish: founded.engine.publish,
          train: async ({ place }) => {
            if (place <= seats) throw diverged;
            return () => undefined;
          },
        },
      });
    const { rounds } = await failing(1);
    expect(rounds[0]!.survivors).to.deep.equal(['p2', 'p3', 'p4', 'p5']);
    expect(rounds[0]!.exact).to.equal(true);
    expect(await failing(3)).to.include({ outcome: 'aborted' });
  });

  it('has adversaries who spoil a sum, and much less the median of the sums of groups', async () => {
    const accuracyOf = async (groups: ScenarioInput['groups']) => {
      const { rounds, exact } = await simulateTraining({
        ...scenario,
        participants: 18,
        rounds: 2,
        cohort: { min: 3, size: 18, max: 3 },
        groups,
        train: {
          ...training,
          partition: { name: 'iid' },
          adversaries: { share: 0.06, attack: { name: 'sign-flip', factor: 1e6 } },
        },
      });
      expect(exact).to.equal(true);
      return rounds.at(-1)!.measured!.accuracy!;
    };
    const sum = await accuracyOf({ combine: 'sum' });
    const median = await accuracyOf({ combine: 'median', min: 3 });
    expect(median).to.be.above(sum + 0.1);
  });

  it('has adversaries who train on other labels', async () => {
    const adversaries = { share: 0.8, attack: { name: 'label-flip' as const } };
    const { rounds } = await simulateTraining({ ...scenario, train: { ...training, adversaries } });
    expect(rounds.at(-1)!.measured!.accuracy).to.be.below(result.rounds.at(-1)!.measured!.accuracy! - 0.2);
  });

  it('is told what trains', async () => {
    const engines: string[] = [];
    const engine = 'tfjs-cpu';
    const few = { ...scenario, rounds: 1, train: { ...training, examples: 120 } };
    await simulateTraining(few, { workers: 1, engine, onEngine: (description) => engines.push(description.engine) });
    expect(engines).to.have.length(1);
    expect(engines[0]).to.match(/^tfjs-cpu /);
  });

  it('refuses what cannot be, with what would do', async () => {
    const tooMany = await errorOf(simulateTraining({ ...scenario, train: { ...training, examples: 60_001 } }));
    expect(tooMany).to.include({ code: 'invalid-argument', message: '60001 examples of 60000' });
    const tooFew = await errorOf(simulateTraining({ ...scenario, train: { ...training, examples: 5 } }));
    expect(tooFew).to.include({ code: 'invalid-argument', message: '5 examples for 6 participants' });
    const unknown = { ...scenario, train: { ...training, partition: { name: 'magic' } } } as unknown as ScenarioInput;
    expect((await errorOf(simulateTraining(unknown))).message).to.match(/train\.partition/);
    const absent = await errorOf(simulateTraining(scenario, { engine: 'tfjs-node', workers: 2 }));
    expect([absent.code, absent.message]).to.satisfy(
      ([code, message]: string[]) =>
        code === 'unavailable' && message!.startsWith('no training engine loads: tfjs-node'),
    );
    expect(() => simulate(scenario)).to.throw(FederatedError, 'scenario learning trains, which takes threads');
  });
});
