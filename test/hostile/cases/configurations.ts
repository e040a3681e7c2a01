import { type SessionConfig, signBody } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { sessionCodec as codec } from '@concordat/proto';
import { modelOf } from '../consortium.js';
import type { CoordinatorCase } from '../hostile-case.js';
import { lying, victim } from './forging.js';

const others = 'bluebird, cobalt, delta, echo';

/** The coordinator signs another C for the victim. */
const saying = (lie: string, rule: string, change: Partial<SessionConfig>): CoordinatorCase => ({
  lie,
  verdict: { refuses: { [victim]: [rule] }, ends: [`sum of ${others}`] },
  ...lying('open', (frame, stage) => {
    const body = codec.config.encode({ ...codec.config.decode(frame.config.body), ...change });
    return { type: 'open', config: signBody(nodeCrypto, stage.consortium.coordinatorKey, 'CSA1/config', body) };
  }),
});

export const configurationCases: readonly CoordinatorCase[] = [
  saying('lowers the number of survivors it needs', 'config.minSurvivors', { minSurvivors: 4 }),
  saying('lowers the number of colluders it must withstand', 'config.maxColluders', { maxColluders: 0 }),
  saying('lets smaller cohorts pass', 'config.minCohort', { minCohort: 3 }),
  saying('names another plan', 'config.planHash', { planHash: new Uint8Array(32) }),
  saying('names another roster', 'config.rosterHash', { rosterHash: new Uint8Array(32) }),
  saying('names another round', 'config.round', { round: 7 }),
  saying('turns training into evaluation', 'config.kind', { kind: 'evaluate' }),
  {
    ...saying('has somebody else sign the configuration', 'config.signature', {}),
    ...lying('open', ({ config }) => {
      const mallory = identityFromSeed(new Uint8Array(32).fill(66));
      return { type: 'open', config: signBody(nodeCrypto, mallory, 'CSA1/config', config.body) };
    }),
  },
  {
    lie: 'puts a stale member, trained from another model, into the session',
    verdict: { refuses: { [victim]: ['config.baseModelHash'] }, ends: [`sum of ${others}`] },
    script: async (stage) => {
      await stage.gather();
      stage.assign(victim, 1, stage.consortium.offer(modelOf(3)));
      await stage.train(
        1,
        0,
        stage.present.filter((name) => name !== victim),
      );
      await stage.until(() => stage.isReady(victim, 1));
      stage.world({ invited: stage.present });
      await stage.over();
    },
  },
  {
    lie: 'gives two halves two models and one cohort',
    verdict: {
      refuses: {
        acme: ['cohort.config'],
        bluebird: ['cohort.config'],
        cobalt: ['cohort.config'],
        delta: ['cohort.config'],
        echo: ['cohort.config'],
      },
      ends: ['abandoned in advertise', 'abandoned in advertise'],
    },
    // Its machine would leave the other half out; the liar shows both.
    up: () => undefined,
    script: async (stage) => {
      const halves = [
        ['acme', 'bluebird'],
        ['cobalt', 'delta', 'echo'],
      ];
      await stage.gather();
      await Promise.all(halves.map((half, version) => stage.train(1, version, half)));
      for (const [version, audience] of halves.entries()) stage.world({ config: stage.config(1, version), audience });
      const adverts = await Promise.all(stage.present.map((name) => stage.reply(name, 'advertise')));
      for (const name of stage.present)
        stage.say(name, { type: 'cohort', adverts: adverts.map(({ advert }) => advert) });
      await stage.over();
    },
  },
];
