import { expect } from 'chai';
import { type DemoView, drawScreen, labelTable, openDisplay, type RoundView, roundLine } from 'concordat';

const round = (over: Partial<RoundView> = {}): RoundView => ({
  round: 3,
  published: true,
  accuracy: 0.9312,
  cohort: ['alpha', 'beta', 'gamma', 'delta', 'epsilon'],
  survivors: ['alpha', 'beta', 'delta', 'epsilon'],
  dropped: [{ participant: 'gamma', step: 'upload', bytesReceived: 245_760, bytesExpected: 598_000 }],
  recovered: ['gamma'],
  uploadBytes: 3_000_000,
  downloadBytes: 4_000_000,
  seconds: 19.42,
  phases: {},
  ...over,
});

const view = (): DemoView => ({
  roundsPlanned: 10,
  stage: 'training',
  phase: 'upload',
  round: 4,
  participants: ['alpha', 'beta', 'gamma'].map((id, i) => ({
    id,
    pid: 100 + i,
    examples: 12_000,
    labels: [6000, 0, 6000, 0, 0, 0, 0, 0, 0, 0],
    activity: i === 2 ? 'killed' : 'uploading',
    portion: i === 0 ? 0.5 : undefined,
    roundsContributed: 3,
  })),
  finished: [round()],
});

describe('the screen of the demo', () => {
  it('never writes past the edge of the terminal', () => {
    for (const columns of [60, 80, 110, 200]) {
      const lines = drawScreen(view(), { columns, colour: false, frame: 3, seconds: 75 });
      for (const line of lines) expect(line.length, line).to.be.below(columns);
    }
  });

  it('says round, phase, time, who was killed and the accuracy so far', () => {
    const text = drawScreen(view(), { columns: 100, colour: false, frame: 0, seconds: 75 }).join('\n');
    expect(text).to.include('round 4 of 10 · upload').and.include('1:15').and.include('killed').and.include('93.12 %');
  });

  it('writes escape codes only when colour is wanted', () => {
    const drawn = (colour: boolean) => drawScreen(view(), { columns: 80, colour, frame: 0, seconds: 0 }).join('\n');
    expect(drawn(false)).to.not.include('\u001b');
    expect(drawn(true)).to.include('\u001b[');
  });

  it('is plain lines where there is no terminal', () => {
    let written = '';
    const display = openDisplay({ isTTY: false, write: (text) => (written += text) }, {});
    display.follow(view());
    display.say('round 1');
    display.close();
    expect(written).to.equal('round 1\n');
  });

  it('restores the cursor when it closes', () => {
    let written = '';
    const display = openDisplay({ isTTY: true, columns: 80, write: (text) => (written += text) }, { TERM: 'xterm' });
    display.follow(view());
    display.say('round 1');
    display.close();
    expect(written.lastIndexOf('\u001b[?25h')).to.be.greaterThan(written.lastIndexOf('\u001b[?25l'));
  });
});

describe('the sentence about a round', () => {
  it('names the lost one, what had arrived, and whose masks were recovered', () => {
    expect(roundLine(round(), 10)).to.equal(
      'round 3 of 10: accuracy 93.12 % · 4 of 5 in the sum · gamma lost at upload (246 kB of 598 kB), masks of gamma recovered · 3.0 MB up, 4.0 MB down · 19.4 s',
    );
  });

  it('says so when the model was not evaluated', () => {
    expect(roundLine(round({ accuracy: undefined, dropped: [], recovered: [] }), 10)).to.include('not evaluated yet');
  });
});

describe('the table of participants and labels', () => {
  it('shows a dot where an organization has no example of a digit', () => {
    const [header, first] = labelTable(view().participants);
    expect(header).to.include('0').and.include('9').and.include('all');
    expect(first!.split(/\s+/)).to.deep.equal([
      'alpha',
      '6000',
      '·',
      '6000',
      '·',
      '·',
      '·',
      '·',
      '·',
      '·',
      '·',
      '12000',
    ]);
  });
});
