import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('a coordinator that moves to a new address in a round', function () {
  this.timeout(120_000);
  let consortium: ExactConsortium;

  before(async () => {
    consortium = await ExactConsortium.open();
  });
  after(() => consortium.close());

  it('is found by whoever knew it, and by the others once they were told: the round loses nobody', async () => {
    const [from, to] = [await freePort(), await freePort()];
    const [old, both] = [`127.0.0.1:${from}`, `127.0.0.1:${from},127.0.0.1:${to}`];
    const at = (port: number) => ({ flags: ['--port', String(port), '--address', `127.0.0.1:${port}`] });
    await consortium.start(at(from));
    const run = await consortium.begin({ rounds: 2 });
    const [told, ...known] = names;
    const connected: string[] = [];
    let move: () => void = () => undefined;
    const moves = new Promise<void>((resolve) => {
      move = resolve;
    });
    const first = consortium.launch(told, consortium.directoryOf(told, old));
    const clients = await Promise.all(
      known.map((name, index) =>
        consortium.open(name, {
          address: both,
          onEvent: (event) => {
            if (event.type === 'connected' && index === 0) connected.push(event.address);
            if (event.type === 'uploading' && event.round === 1) move();
          },
        }),
      ),
    );
    const ends = clients.map((client) => client.run({ once: true }));
    await moves;
    await consortium.coordinator.kill();
    await consortium.start(at(to));
    // Its person writes the address that the operator named, and starts it again.
    await first.says('disconnected');
    await first.kill();
    const second = consortium.launch(told, consortium.directoryOf(told, `127.0.0.1:${to}`));
    await Promise.all(ends);
    expect(await second.ended).to.equal(0);
    expect(connected).to.deep.equal([`127.0.0.1:${from}`, `127.0.0.1:${to}`]);
    const survivors = [...names].sort();
    expect(await consortium.outcome(run)).to.deep.equal({
      state: 'completed',
      rounds: [1, 2].map((round) => ({ round, outcome: 'published', survivors })),
      wrongLanes: 0,
    });
  });
});
