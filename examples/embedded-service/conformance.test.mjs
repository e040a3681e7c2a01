// The service's client in front of an honest coordinator and of lying ones: `node --test`. Nothing needs a network.
import { test } from 'node:test';
import { FederatedClient } from '@concordat/client-sdk';
import { describeConformance, steppingTrainer } from '@concordat/client-sdk/testing';

async function start(place) {
  const stop = new AbortController();
  const client = await FederatedClient.open({ ...place, trainer: steppingTrainer(), standby: true, threads: 1 });
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
