import { expect } from 'chai';
import { Command } from 'commander';
import { wholeProgram } from 'concordat';

/** Words of a name that promise a secret. */
const secretWords = /secret|pass(word|phrase|code)?|token|credential|private|key|invitation|seed|pin|auth/;
/** What merely names where a secret lies: by its name, or by what it takes. */
const namesFile = /-(file|directory)$/;
const takesPlace = /<(file|directory|reference)>$/;
/** Seeds of data and simulation: said in their descriptions, and no key is drawn from them. */
const notSecret: readonly string[] = ['sim run --seed', 'sim run --seeds', 'demo --seed'];

/** Every option and argument with a value that promises a secret, as `coordinator invite --secret`. */
function secretsInArgv(command: Command, path = ''): string[] {
  const options = command.options
    .filter(({ flags }) => /[<[]/.test(flags) && !takesPlace.test(flags))
    .map(({ long, short }) => String(long ?? short))
    .filter((name) => secretWords.test(name) && !namesFile.test(name));
  const args = command.registeredArguments.map((argument) => argument.name()).filter((name) => secretWords.test(name));
  const own = [...options, ...args].map((name) => `${path} ${name}`.trim());
  return [...own, ...command.commands.flatMap((inner) => secretsInArgv(inner, `${path} ${inner.name()}`.trim()))];
}

const io = {
  stdout: { write: () => undefined },
  stderr: { write: () => undefined },
  environment: {},
  signal: new AbortController().signal,
  correlationId: 'x',
  exit: () => undefined,
};

describe('the command line', () => {
  it('has no option and no argument that takes a secret: others can list what a process was started with', async () => {
    const program = await wholeProgram(io);
    const found = secretsInArgv(program).filter((name) => !notSecret.includes(name));
    expect(found).to.deep.equal([]);
    expect(secretsInArgv(program)).to.include.members([...notSecret]);
  });

  it('is looked at whole: a secret deep down is found, the name of its file is not one', () => {
    const program = new Command();
    const group = program.command('vault').command('open');
    group.option('--pass-phrase <text>').option('--key-file <file>').option('--token').argument('<secret>');
    group.option('--password <reference>').option('--authority <file>');
    expect(secretsInArgv(program)).to.deep.equal(['vault open --pass-phrase', 'vault open secret']);
  });
});
