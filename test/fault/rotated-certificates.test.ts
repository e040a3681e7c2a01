import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FederatedClient } from '@concordat/client-sdk';
import { type RoundReport, renewRosterKeyCertificate, renewServerCertificate } from '@concordat/coordinator';
import { expect } from 'chai';
import { EnrolledConsortium, names } from '../hostile/consortium.js';
import { exactTrainer } from '../hostile/exact-trainer.js';
import { automaticPolicy } from '../support/stepping.js';
import { TcpProxy } from './tcp-proxy.js';

const dayMillis = 24 * 3_600_000;
/** Long enough to dial anew. */
const deadlines = { selectMillis: 30_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };
/** Certificates of participants are of that day and count 397 days: they are renewed from 60 days before. */
const agoMillis = 335 * dayMillis;

/** Where everybody is waited for: before them whoever is away when all others are ready is not, behind them T are enough. */
const steps = new Set(['advertise', 'share', 'confirm']);

describe('certificates that are replaced while a round is under way', function () {
  this.timeout(60_000);
  let consortium: EnrolledConsortium;
  let proxy: TcpProxy;
  const clients: FederatedClient[] = [];
  const directories = new Map<string, string>();

  before(async () => {
    const wallMillis = () => Date.now() - agoMillis;
    consortium = await EnrolledConsortium.enrol({ wallMillis }, { wallMillis });
    const { directory } = consortium.real;
    const certificateFile = join(directory, 'coordinator', 'roster-key-certificate.json');
    await renewRosterKeyCertificate({ directory, certificateFile, out: certificateFile });
    await consortium.real.restart();
    proxy = await TcpProxy.listen(consortium.real.coordinator.port);
  });

  after(async () => {
    for (const client of clients) await client.close();
    await proxy.close();
    await consortium.close();
  });

  const certificateOf = (name: string) =>
    new X509Certificate(readFileSync(join(directories.get(name)!, 'certificate.pem'))).fingerprint256;

  it('at the coordinator in every step before the upload, and at everybody in one, while every line is dialled anew: nobody is lost', async () => {
    const { operator, coordinator, directory } = consortium.real;
    for (const blob of consortium.blobs.values()) await operator.put(blob);
    // Nothing is due yet; three days on, everything is.
    let aheadMillis = 0;
    const renewed: string[] = [];
    const refused: string[] = [];
    for (const name of names) {
      directories.set(name, consortium.directoryOf(name, `127.0.0.1:${proxy.port}`));
      clients.push(
        await FederatedClient.open({
          directory: directories.get(name)!,
          trainer: exactTrainer(name),
          policy: automaticPolicy,
          wallMillis: () => Date.now() + aheadMillis,
          onEvent: (event) => {
            if (event.type === 'certificate') renewed.push(`${name} ${event.renewed}`);
            if (event.type === 'refused') refused.push(`${name} ${event.error.message}`);
          },
        }),
      );
    }
    const before = names.map(certificateOf);
    const { signed } = consortium.plan({ run: 'rotated', rounds: 1, metrics: [], deadlines });
    await operator.startRun(await operator.propose(signed), 'rotated');
    let rotations = 0;
    let rotating = Promise.resolve();
    const rotate = async () => {
      await renewServerCertificate({ directory });
      await coordinator.reloadCertificates();
      rotations += 1;
      // Every line is dialled anew, to the new certificate.
      proxy.cut();
    };
    const seen = new Set<string>();
    const reports: RoundReport[] = [];
    const watched = operator.watch('rotated', 1, ({ event }) => {
      if (event.type === 'phase' && steps.has(event.phase) && !seen.has(`${event.round} ${event.phase}`)) {
        seen.add(`${event.round} ${event.phase}`);
        if (event.phase === 'share') aheadMillis = 3 * dayMillis;
        rotating = rotating.then(rotate);
      }
      if (event.type === 'round') reports.push(event);
    });
    const ends = await Promise.all(clients.map((client) => client.run({ once: true })));
    await watched;
    await rotating;
    expect(ends.map((end) => end?.outcome)).to.deep.equal(Array(5).fill('completed'));
    expect(reports.map(({ outcome, survivors }) => [outcome, [...survivors].sort()])).to.deep.equal([
      ['published', [...names]],
    ]);
    expect(refused).to.deep.equal([]);
    expect(rotations).to.equal(3);
    // A run may be over before everybody came to it; whoever did has the new one, and nobody was told no.
    expect(renewed.filter((one) => !one.endsWith(' true'))).to.deep.equal([]);
    const anew = names.filter((name, i) => certificateOf(name) !== before[i]);
    expect(anew).to.include.members(renewed.map((one) => one.split(' ')[0]!));
    if (anew.length === 0)
      process.stderr.write('!! the run was over before any participant came to renew its certificate\n');
  });
});
