import { join } from 'node:path';
import { openStore, verifyStore } from '@concordat/coordinator';
import { expect } from 'chai';
import Libsql from 'libsql';
import { TestConsortium } from '../consortium.js';

describe('Rows that repeat events', function () {
  this.timeout(30_000);
  let consortium: TestConsortium;
  let directory: string;

  before(async () => {
    consortium = await TestConsortium.open();
    directory = join(consortium.directory, 'coordinator/store');
    await consortium.join('acme');
    await consortium.invite('bluebird');
    await consortium.invite('bluebird');
    await consortium.join('bluebird');
    await consortium.invite('cobalt');
    // One that was revoked leaves no row, and may be invited again.
    for (const id of ['delta', 'echo', 'foxtrot']) await consortium.join(id);
    await consortium.operator.changeMembership('delta', 'suspend');
    await consortium.operator.changeMembership('echo', 'revoke');
    await consortium.operator.changeMembership('foxtrot', 'revoke');
    await consortium.invite('foxtrot');
    const { planHash } = await consortium.propose();
    // Proposed again, it is noted again and is the same row.
    await consortium.propose();
    await consortium.operator.startRun(planHash, 'spring');
    await consortium.coordinator.stop();
  });
  after(() => consortium.close());

  async function verified() {
    const store = await openStore(directory);
    try {
      return await verifyStore(store);
    } finally {
      await store.close();
    }
  }

  /** Change rows behind the coordinator's back, look, and change them back. */
  async function changed(statement: string, back: string) {
    const run = (text: string) => {
      const file = new Libsql(join(directory, 'coordinator.db'));
      file.exec(text);
      file.close();
    };
    run(statement);
    const found = await verified();
    run(back);
    return found.map(({ rows }) => rows);
  }

  it('are what the events say', async () => {
    expect(await verified()).to.deep.equal([]);
  });

  it('are named when they are not', async () => {
    const flip = (table: string, column: string) => [
      `update ${table} set ${column} = ${column} || 'x'`,
      `update ${table} set ${column} = substr(${column}, 1, length(${column}) - 1)`,
    ];
    for (const [table, column, rows] of [
      ['plans', 'operator', 'plans'],
      ['invitations', 'organization', 'invitations'],
      ['pending', 'fingerprint', 'entries'],
      ['runs', 'reason', 'run spring'],
    ] as const) {
      const [there, back] = flip(table, column);
      expect(new Set(await changed(there!, back!)), table).to.deep.equal(new Set([rows]));
    }
    const version = await changed('update runs set model_version = 7', 'update runs set model_version = 0');
    expect(new Set(version)).to.deep.equal(new Set(['run spring']));
    const epoch = await changed(
      'update rosters set epoch = 99 where epoch = 1',
      'update rosters set epoch = 1 where epoch = 99',
    );
    expect(new Set(epoch)).to.deep.equal(new Set(['rosters']));
    expect(await verified()).to.deep.equal([]);
  });
});
