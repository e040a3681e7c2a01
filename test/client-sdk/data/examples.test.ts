import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  collectRecords,
  createTrainer,
  type DataSource,
  declareData,
  denseNetwork,
  type Examples,
  type FitRequest,
  heldExamples,
  recordsOf,
  splitHoldout,
  streamedExamples,
  type TrainerOptions,
} from '@concordat/client-sdk';
import { expect } from 'chai';
import { errorOf } from '../../support/error-of.js';

const count = 600;
const division = { fraction: 0.1, seed: 'acme' };
/** Points in the plane, labelled by quadrant. */
const rows = Array.from({ length: count }, (_, i) => {
  const [x, y] = [((i * 37) % 101) / 50 - 1.01, ((i * 61) % 97) / 48 - 1.01];
  return { x, y, quadrant: `${(x > 0 ? 1 : 0) + (y > 0 ? 2 : 0)}` };
});

function declared(shuffleWindow?: number, source: 'code' | 'csv' = 'code', memoryMegabytes = 1, directory = '.') {
  return declareData(
    {
      schema: 'concordat/data/1',
      columns: [
        { name: 'x', type: 'number' },
        { name: 'y', type: 'number' },
        { name: 'quadrant', type: 'category', categories: ['0', '1', '2', '3'], target: true },
      ],
      source: source === 'code' ? { kind: 'code' } : { kind: 'csv', files: ['records.csv'] },
      memoryMegabytes,
      ...(shuffleWindow === undefined ? {} : { shuffleWindow }),
    },
    directory,
  );
}

/** What a part's examples are, block by block, in order. */
async function blocksOf(examples: Examples, part: 'training' | 'holdout', batchSize = 16): Promise<number[][]> {
  const blocks: number[][] = [];
  for await (const { dataSet, members } of examples.blocks(part, batchSize)) {
    blocks.push([...members].flatMap((at) => [...dataSet.inputs.subarray(2 * at, 2 * at + 2)]));
  }
  return blocks;
}

const network = denseNetwork({ inputs: 2, hidden: [16], classes: 4, seed: '1' });
const { topology: model, tensors: weights } = network;
const request: FitRequest = {
  model,
  weights,
  task: { loss: 'categoricalCrossentropy', optimizer: { name: 'adam', learningRate: 0.05 }, batchSize: 16, epochs: 3 },
  round: 1,
  seed: 'spring',
};

async function trained(data: DataSource, options: Partial<TrainerOptions> = {}) {
  const trainer = await createTrainer({ data, participant: 'acme', engine: 'tfjs-cpu', ...options });
  try {
    const { loss } = request.task;
    const fitted = await trainer.fit(request);
    const before = await trainer.evaluate({ model, weights, loss });
    const after = await trainer.evaluate({ model, weights: fitted.weights, loss });
    return { examples: trainer.examples, fitted, before, after };
  } finally {
    await trainer.close();
  }
}

describe('examples that are read anew for every pass', () => {
  it('come in the order of those in memory when a window covers them', async () => {
    const all = await collectRecords(recordsOf(declared(), rows));
    const held = heldExamples(all, splitHoldout(count, division));
    for (const window of [count, 10 * count]) {
      const streamed = await streamedExamples(recordsOf(declared(), rows), { window, ...division });
      expect(streamed.counts).to.deep.equal(held.counts);
      for (const part of ['training', 'holdout'] as const) {
        expect(await blocksOf(streamed, part)).to.deep.equal(await blocksOf(held, part));
      }
    }
  });

  it('are each seen once a pass, in blocks of whole batches', async () => {
    const streamed = await streamedExamples(recordsOf(declared(), rows), { window: 100, ...division });
    const blocks = await blocksOf(streamed, 'training');
    expect(blocks.map((block) => block.length / 2)).to.deep.equal([112, 112, 112, 112, 92]);
    const whole = await blocksOf(
      await streamedExamples(recordsOf(declared(), rows), { window: count, ...division }),
      'training',
    );
    expect(blocks.flat().sort()).to.deep.equal(whole.flat().sort());
    expect(await blocksOf(streamed, 'training'), 'the next pass').to.deep.equal(blocks);
  });

  it('hold a window of them and one batch of reading, whatever their number', async () => {
    const window = 64;
    for (const total of [1_000, 20_000]) {
      let read = 0;
      function* source() {
        for (; read < total; read++) yield rows[read % count]!;
      }
      const begin = () => {
        read = 0;
        return source();
      };
      const streamed = await streamedExamples(recordsOf(declared(), begin), { window, ...division });
      const { holdout } = splitHoldout(total, division);
      let seen = 0;
      let blocks = 0;
      for await (const { dataSet, members } of streamed.blocks('training', 16)) {
        expect([dataSet.examples, dataSet.inputs.length]).to.deep.equal([members.length, 2 * members.length]);
        expect(members.length).to.be.at.most(window);
        expect(dataSet.inputs.buffer.byteLength, 'the room is used again').to.equal(4 * 2 * window);
        seen += members.length;
        blocks += 1;
        const passedOver = holdout.filter((example) => example < read).length;
        expect(read - passedOver - seen, 'read and in no block yet').to.be.at.most(window);
      }
      expect([seen, blocks]).to.deep.equal([0.9 * total, Math.ceil((0.9 * total) / window)]);
    }
  });

  it('are refused when their number changes, when a window does not fit, and when there is none', async () => {
    const once = rows[Symbol.iterator]();
    const streamed = await streamedExamples(recordsOf(declared(), once), { window: 64, ...division });
    expect(await errorOf(blocksOf(streamed, 'training'))).to.deep.include({
      code: 'refused',
      detail: { rule: 'data.changed', required: '600 records', offered: 0 },
    });
    let given = rows;
    const growing = await streamedExamples(
      recordsOf(declared(), () => given),
      { window: 64, ...division },
    );
    given = [...rows, ...rows];
    expect((await errorOf(blocksOf(growing, 'holdout'))).detail).to.include({ rule: 'data.changed', offered: 'more' });

    function* many() {
      for (let i = 0; i < 200_000; i++) yield rows[i % count]!;
    }
    const large = recordsOf(declared(), many);
    expect((await errorOf(collectRecords(large))).detail.rule).to.equal('data.memory');
    expect((await errorOf(streamedExamples(large, { window: 150_000, ...division }))).detail.rule).to.equal(
      'data.memory',
    );
    expect((await streamedExamples(large, { window: 10_000, ...division })).counts.training).to.equal(180_000);
    expect((await errorOf(streamedExamples(recordsOf(declared(), []), { window: 64, ...division }))).message).to.equal(
      'there is no record to train on',
    );
  });
});

describe('a trainer with a shuffle window', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-window-'));
    const lines = ['x,y,quadrant', ...rows.map(({ x, y, quadrant }) => `${x},${y},${quadrant}`)];
    writeFileSync(join(directory, 'records.csv'), lines.join('\n'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('gives the same update and the same measures as from memory when the window covers the records', async () => {
    const held = await trained({ dataSet: await collectRecords(recordsOf(declared(), rows)) });
    expect(held.examples).to.equal(540);
    expect(await trained({ records: recordsOf(declared(count), rows) })).to.deep.equal(held);
    expect(await trained({ declaration: declared(count, 'csv', 1, directory) })).to.deep.equal(held);
  });

  it('learns from a window of the records at a time, and gives the same bytes again', async () => {
    const declaration = declared(48, 'csv', 1, directory);
    const streamed = await trained({ declaration });
    expect(streamed.examples).to.equal(540);
    expect([streamed.fitted.examples, streamed.after.examples]).to.deep.equal([540, 60]);
    expect(streamed.after.metrics.accuracy).to.be.greaterThan(0.85);
    expect(streamed.after.metrics.accuracy).to.be.greaterThan(streamed.before.metrics.accuracy!);
    expect(await trained({ declaration })).to.deep.equal(streamed);
    expect(await trained({ records: recordsOf(declared(48), rows) })).to.deep.equal(streamed);
  });

  it('fails with what is wrong with the source, and goes on with the next round', async () => {
    let failing = false;
    const source = function* () {
      for (const [i, row] of rows.entries()) yield failing && i === 300 ? { ...row, x: 'lost' } : row;
    };
    const trainer = await createTrainer({
      data: { records: recordsOf(declared(48), source) },
      participant: 'acme',
      engine: 'tfjs-cpu',
    });
    try {
      failing = true;
      const error = await errorOf(trainer.fit(request));
      expect([error.code, error.detail.rule, error.detail.place]).to.deep.equal([
        'refused',
        'data.cell',
        'row 301, column x',
      ]);
      failing = false;
      expect((await trainer.fit(request)).examples).to.equal(540);
    } finally {
      await trainer.close();
    }
  });

  it('cannot begin with rows that end once and for all', async () => {
    const records = recordsOf(declared(48), rows[Symbol.iterator]());
    const trainer = await createTrainer({ data: { records }, participant: 'acme', engine: 'tfjs-cpu' });
    try {
      expect((await errorOf(trainer.fit(request))).detail.rule).to.equal('data.changed');
    } finally {
      await trainer.close();
    }
  });
});
