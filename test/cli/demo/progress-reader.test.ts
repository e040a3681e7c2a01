import { expect } from 'chai';
import { type DemoView, ProgressReader, type RoundView } from 'concordat';

function watching() {
  const view: DemoView = {
    roundsPlanned: 2,
    stage: 'training',
    phase: '',
    round: 0,
    participants: ['alpha', 'beta'].map((id) => ({
      id,
      pid: 1,
      examples: 10,
      labels: [10],
      activity: 'waiting',
      portion: undefined,
      roundsContributed: 0,
    })),
    finished: [],
  };
  const heard: string[] = [];
  const reader = new ProgressReader(view, {
    uploading: (participant, round, received, expected) =>
      heard.push(`${participant} ${round} ${received}/${expected}`),
    roundBegan: (round) => heard.push(`begin ${round}`),
    roundEnded: ({ round }: RoundView) => heard.push(`end ${round}`),
    evaluated: ({ round, accuracy }: RoundView) => heard.push(`measured ${round} ${accuracy}`),
  });
  return { view, heard, reader };
}

const ended = {
  type: 'round',
  round: 1,
  outcome: 'published',
  modelVersion: 1,
  cohort: ['alpha', 'beta'],
  survivors: ['alpha'],
  dropped: [{ participant: 'beta', step: 'upload', reason: 'gone', bytesReceived: 5, bytesExpected: 10 }],
  recovered: ['beta'],
  uploadBytes: 100,
  downloadBytes: 200,
  seconds: 2,
  phases: { train: 1 },
};

describe('the reader of a run', () => {
  it('shows who does what in each phase', () => {
    const { view, reader, heard } = watching();
    reader.read({ type: 'phase', round: 1, phase: 'train', participants: ['alpha', 'beta'] });
    expect(view.participants.map(({ activity }) => activity)).to.deep.equal(['training', 'training']);
    reader.read({ type: 'answered', round: 1, phase: 'train', participant: 'alpha' });
    expect(view.participants[0]!.activity).to.equal('ready');
    reader.read({ type: 'upload', round: 1, participant: 'alpha', bytesReceived: 5, bytesExpected: 10 });
    expect([view.participants[0]!.activity, view.participants[0]!.portion]).to.deep.equal(['uploading', 0.5]);
    expect(heard).to.deep.equal(['begin 1', 'alpha 1 5/10']);
  });

  it('keeps what the organizations measured together', () => {
    const { view, reader } = watching();
    const metrics = [{ name: 'accuracy', mean: 0.9, participants: 2 }];
    reader.read({ type: 'evaluation', round: 3, outcome: 'evaluated', modelVersion: 2, metrics });
    expect(view.holdouts).to.deep.equal(metrics);
  });

  it('counts contributions of survivors only', () => {
    const { view, reader } = watching();
    reader.read(ended);
    expect(view.participants.map(({ roundsContributed }) => roundsContributed)).to.deep.equal([1, 0]);
  });

  it('joins a measurement to the round of its model, whichever comes first', () => {
    for (const lines of [
      [ended, { type: 'evaluated', modelVersion: 1, metrics: { accuracy: 0.9 } }],
      [{ type: 'evaluated', modelVersion: 1, metrics: { accuracy: 0.9 } }, ended],
    ]) {
      const { heard, reader } = watching();
      for (const line of lines) reader.read(line);
      expect(heard.at(-1)).to.equal('measured 1 0.9');
    }
  });

  it('is complete when the last model is measured', () => {
    const { reader } = watching();
    reader.read(ended);
    reader.read({ type: 'finished', outcome: 'completed', reason: '', modelVersion: 1 });
    expect(reader.complete).to.equal(false);
    reader.read({ type: 'evaluated', modelVersion: 1, metrics: { accuracy: 0.9 } });
    expect(reader.complete).to.equal(true);
  });

  it('leaves a killed organization killed until it starts again', () => {
    const { view, reader } = watching();
    view.participants[1]!.activity = 'killed';
    reader.read({ type: 'phase', round: 2, phase: 'train', participants: ['alpha', 'beta'] });
    expect(view.participants[1]!.activity).to.equal('killed');
  });
});
