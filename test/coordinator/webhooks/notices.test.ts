import { type CertificateEnd, type Notice, Notices, type NoticesOptions } from '@concordat/coordinator';
import { expect } from 'chai';

const hour = 3_600_000;
const day = 24 * hour;

describe('what a person is told of', () => {
  let told: Notice[];
  let now: number;
  let options: NoticesOptions;
  let standing: ReturnType<NoticesOptions['standing']>;
  let people: { participant: string; organization: string; state: 'invited' | 'pending' | 'admitted' }[];
  const endMillis = Date.UTC(2027, 0, 31);
  const tls = { name: 'the certificate', endsMillis: endMillis, renewal: 'renew-certificate' };
  let ends: CertificateEnd[];
  const events = () => told.map(({ event }) => event);
  const waiting = (phase: string, awaited = ['acme', 'delta']) => ({
    run: 'spring',
    standing: {
      round: 3,
      phase,
      waiting: {
        round: 3,
        phase: 'upload' as const,
        awaited,
        of: 5,
        remainingMillis: 1,
        // biome-ignore lint/suspicious/noThenProperty: a sentence, the word of the protocol; never awaited.
        then: '',
        text: 'waiting for 2 of 5',
      },
    },
  });

  beforeEach(() => {
    [told, now, standing, people, ends] = [[], 0, undefined, [], [tls]];
    options = {
      clock: { monotonicMillis: () => now, after: () => () => undefined, sleep: async () => undefined },
      wallMillis: () => now,
      certificates: () => ends,
      standing: () => standing,
      participants: async () => people,
      tell: (notice) => void told.push(notice),
    };
  });

  it('is a wait of half an hour in one step, once, and again in the next', async () => {
    const notices = new Notices(options);
    standing = waiting('upload');
    await notices.look();
    now = hour / 2 - 1;
    await notices.look();
    expect(events()).to.deep.equal([]);
    now = hour / 2;
    await notices.look();
    await notices.look();
    expect(told).to.have.lengthOf(1);
    expect(told[0]).to.deep.include({
      event: 'awaited-too-long',
      run: 'spring',
      round: 3,
      participants: ['acme', 'delta'],
    });
    expect(told[0]!.text).to.equal('round 3 of run spring, upload: waiting for 2 of 5');
    standing = waiting('certify');
    await notices.look();
    now += hour / 2;
    await notices.look();
    expect(events()).to.deep.equal(['awaited-too-long', 'awaited-too-long']);
  });

  it('is no wait that was over in between', async () => {
    const notices = new Notices(options);
    standing = waiting('upload');
    await notices.look();
    standing = { run: 'spring', standing: undefined };
    now = hour / 4;
    await notices.look();
    standing = waiting('upload');
    now = hour / 2;
    await notices.look();
    expect(events()).to.deep.equal([]);
  });

  it('is a certificate that runs out within three weeks, once a day', async () => {
    const notices = new Notices(options);
    now = endMillis - 21 * day - 1;
    await notices.look();
    expect(events()).to.deep.equal([]);
    for (now = endMillis - 21 * day; now < endMillis - 19 * day; now += hour) await notices.look();
    expect(events()).to.deep.equal(['certificate-expiring', 'certificate-expiring']);
    expect(told[1]!.text).to.match(
      /^the certificate runs out in 20 days, on 2027-01-31: concordat coordinator renew-certificate$/,
    );
  });

  it('is each certificate by itself, and none that was renewed', async () => {
    const notices = new Notices(options);
    now = endMillis - day;
    ends = [tls, { ...tls, name: 'another', renewal: 'renew-roster-key' }];
    await notices.look();
    expect(told.map(({ text }) => text.split(' ').at(-1))).to.deep.equal(['renew-certificate', 'renew-roster-key']);
    ends = [{ ...tls, endsMillis: endMillis + 397 * day }];
    now += 2 * day;
    await notices.look();
    expect(told).to.have.lengthOf(2);
  });

  it('is an organization that waits to be admitted, once, and anew after it was admitted', async () => {
    const notices = new Notices(options);
    people = [{ participant: 'acme', organization: 'Acme\u001b[2J', state: 'pending' }];
    await notices.look();
    await notices.look();
    expect(events()).to.deep.equal(['approval-needed']);
    expect(told[0]!.text).to.match(/^Acme \[2J has enrolled as acme/);
    people = [{ participant: 'acme', organization: 'Acme', state: 'admitted' }];
    await notices.look();
    people = [{ participant: 'acme', organization: 'Acme', state: 'pending' }];
    await notices.look();
    expect(events()).to.deep.equal(['approval-needed', 'approval-needed']);
  });

  it('is looked for again when the store did not answer, until it is closed', async () => {
    const later: (() => void)[] = [];
    let asked = 0;
    const clock = {
      ...options.clock,
      after: (_millis: number, fire: () => void) => {
        later.push(fire);
        return () => void later.splice(0);
      },
    };
    const participants = async () => {
      asked += 1;
      if (asked === 1) throw new Error('the database is gone');
      return [{ participant: 'acme', organization: 'Acme', state: 'pending' as const }];
    };
    const notices = new Notices({ ...options, clock, participants });
    await notices.watch();
    expect([asked, later.length]).to.deep.equal([1, 1]);
    await notices.watch();
    expect(events()).to.deep.equal(['approval-needed']);
    notices.close();
    await notices.watch();
    expect([asked, later.length]).to.deep.equal([2, 0]);
  });

  it('is a dispute by name, and no verdict that agrees', () => {
    const notices = new Notices(options);
    const tally = { signed: ['acme'], of: 4, threshold: 3, disputed: [], released: false };
    const verdict = { type: 'verdict', round: 2, modelVersion: 2, participant: 'acme', ...tally } as const;
    notices.note({ type: 'started', run: 'spring', rounds: 3, planHash: '', topologyHash: '' });
    notices.note({ ...verdict, verdict: 'result' });
    expect(events()).to.deep.equal([]);
    notices.note({ ...verdict, verdict: 'disputed' });
    expect(told[0]).to.deep.include({ event: 'disputed', run: 'spring', round: 2, participants: ['acme'] });
  });
});
