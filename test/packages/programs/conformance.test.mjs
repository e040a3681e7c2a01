// Runs in a project where only the client SDK's tarball and what it needs are installed: a partner's own test.
import { test } from 'node:test';
import { FederatedClient } from '@concordat/client-sdk';
import { describeConformance, steppingTrainer } from '@concordat/client-sdk/testing';

/** As a service would do it: with what the suite gives, and its own trainer. */
async function start(place) {
  const stop = new AbortController();
  const client = await FederatedClient.open({ ...place, trainer: steppingTrainer() });
  const ended = client.run({ signal: stop.signal }).catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await ended;
      await client.close();
    },
  };
}

describeConformance(test, { start });
