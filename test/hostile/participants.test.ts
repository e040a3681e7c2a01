import { participantCases } from './cases/participants.js';
import { LyingParticipantStage } from './lying-participant.js';

describe('A participant over the wire that', function () {
  this.timeout(60_000);
  let stage: LyingParticipantStage;

  before(async () => {
    stage = await LyingParticipantStage.open();
  });
  after(() => stage.close());

  for (const one of participantCases) it(one.lie, () => stage.expectVerdict(one));
});
