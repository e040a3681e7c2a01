import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEntry } from '@concordat/coordinator';
import { expect } from 'chai';
import { describeStores } from '../../support/stores.js';
import { refusalOf } from '../consortium.js';

const entry = (kind: string): JournalEntry => ({ run: 'spring', round: 1, kind, body: Uint8Array.of(1) });

describeStores('the schema of a store', (kind) => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-schema-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('of a newer program is refused by name, and left alone', async () => {
    await (await kind.open(directory)).close();
    await kind.execute(directory, 'update schema_version set version = version + 1');
    expect(await refusalOf(kind.open(directory))).to.equal('state-lost store.schema');
    await kind.execute(directory, 'update schema_version set version = version - 1');
    await (await kind.open(directory)).close();
  });

  if (kind.name === 'PostgreSQL') {
    it('says of every event which leader wrote it, under the hash', async () => {
      for (const name of ['a', 'b']) {
        const store = await kind.open(directory);
        await store.journal.append([entry(name)]);
        await store.close();
      }
      await kind.execute(directory, 'update events set epoch = 1 where seq = 2');
      expect(await refusalOf(kind.open(directory))).to.equal('verification');
      await kind.execute(directory, 'update events set epoch = 2 where seq = 2');
      // The opening that was refused took an epoch as well.
      const store = await kind.open(directory);
      await store.journal.append([entry('c')]);
      await store.close();
      await kind.execute(
        directory,
        'do $$ begin assert (select array_agg(epoch order by seq) from events) = array[1, 2, 4]::bigint[]; end $$',
      );
    });
  } else {
    it('from before there were versions is brought up to date, and its chain still holds', async () => {
      const earlier = await kind.open(directory);
      await earlier.journal.append([entry('a'), entry('b')]);
      const { head } = earlier.journal;
      await earlier.close();
      await kind.execute(
        directory,
        'alter table events drop column epoch; drop table restored; drop table schema_version;',
      );
      const store = await kind.open(directory);
      expect(store.journal.head).to.deep.equal(head);
      await store.journal.append([entry('c')]);
      expect((await store.journal.eventsOf('spring')).map((event) => event.kind)).to.deep.equal(['a', 'b', 'c']);
      await store.close();
    });
  }
});
