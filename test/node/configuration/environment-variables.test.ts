import { enrolSettings, participantSettings } from '@concordat/client-sdk';
import { coordinatorSettings, operatorSettings } from '@concordat/coordinator';
import { environmentVariables, type Settings, unknownVariables } from '@concordat/node';
import { expect } from 'chai';

describe('the environment', () => {
  it('has only variables that a setting reads, and all of them', () => {
    const declared: readonly Settings[] = [coordinatorSettings, operatorSettings, participantSettings, enrolSettings];
    const read = declared.flatMap((settings) => Object.values(settings).map(({ environment }) => environment));
    const names = new Set(read.filter((name) => name !== undefined));
    expect([...names].sort()).to.deep.equal([...environmentVariables]);
  });

  it('warns of a variable that nothing reads, with the nearest that is, and never with its value', () => {
    const [warning, ...more] = unknownVariables({ CONCORDAT_PROT: 'hunter2', CONCORDAT_PORT: '1', PATH: '/bin' });
    expect(more).to.deep.equal([]);
    expect(warning).to.include({ severity: 'warning', where: 'CONCORDAT_PROT', fix: 'Did you mean CONCORDAT_PORT?' });
    expect(JSON.stringify(warning)).to.not.include('hunter2');
  });

  it('guesses nothing for a name that resembles none', () => {
    expect(unknownVariables({ CONCORDAT_XYZZY_QUUX_FROBNICATE: '' })[0]!.fix).to.equal('Remove it.');
  });
});
