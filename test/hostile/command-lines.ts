import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Option } from 'commander';

/** A command line that must be answered as bad arguments, and what is bad about it. */
export interface HostileLine {
  readonly args: readonly string[];
  readonly what: string;
}

/** Real things that the other arguments of a line name, so that exactly one argument is bad. */
export interface Fixtures {
  /** Made by `coordinator init`, with an address where nobody answers. */
  readonly consortium: string;
  /** Empty, writable. */
  readonly empty: string;
  /** A file that exists and is nothing a command reads. */
  readonly file: string;
}

/** Lay out what is needed beside the consortium. */
export function layOutFixtures(root: string, consortium: string): Fixtures {
  const fixtures = { consortium, empty: join(root, 'empty'), file: join(root, 'file.txt') };
  mkdirSync(fixtures.empty);
  writeFileSync(fixtures.file, 'nothing');
  return fixtures;
}

/** What no argument may hold, whatever it is for. */
const never: Readonly<Record<string, string>> = {
  empty: '',
  'one megabyte': 'a'.repeat(1 << 20),
  'a NUL': 'a\0b',
  'a newline': 'a\nb',
  'an ANSI escape': '\u001b[2J\u001b[31mred',
  'a C1 control': 'a\u009b2J',
  'a direction override': 'a\u202eb',
  'a lone surrogate': 'a\ud800b',
};

type Kind =
  | 'days'
  | 'id'
  | 'number'
  | 'hash'
  | 'session'
  | 'address'
  | 'host'
  | 'directory'
  | 'file'
  | 'choice'
  | 'written'
  | 'text';

const hostile: Readonly<Record<Kind, readonly string[]>> = {
  id: ['../x', '__proto__', 'Upper', 'a b', 'ü', 'a'.repeat(64), '$(id)', '%00'],
  number: [
    'x',
    '-1',
    '1e999',
    '0x10',
    '1.5',
    '99999999999999999999999',
    ' 1',
    'NaN',
    'Infinity',
    '__proto__',
    'constructor',
  ],
  days: ['x', '-1', '0', '91', '1e1', '0x10', ' 1', 'NaN', '__proto__'],
  session: [
    'x',
    'spring',
    'spring/0',
    '/1',
    '../x/1',
    'spring/1/2',
    'Spring/1',
    'spring/1e9',
    '__proto__',
    'constructor',
  ],
  hash: ['ab', 'x'.repeat(64), '0'.repeat(63), '__proto__', '../x'],
  address: ['nowhere', ':', 'a:b', 'host:99999', '../x:1/', '__proto__', 'a b:1'],
  host: ['../x', 'a b', 'a/b', '$(id)'],
  directory: ['/nowhere/at/all', '../../../nowhere', '__proto__', 'constructor'],
  file: ['/nowhere/at/all', '../../../nowhere', '__proto__', 'constructor'],
  choice: ['nope', '__proto__', 'constructor', 'toString'],
  written: [],
  text: [],
};

const kinds: Readonly<Record<string, Kind>> = {
  run: 'id',
  participant: 'id',
  admit: 'id',
  consortium: 'id',
  operator: 'id',
  plan: 'hash',
  participants: 'number',
  rounds: 'number',
  seed: 'number',
  examples: 'number',
  wait: 'number',
  days: 'days',
  port: 'number',
  from: 'number',
  chunks: 'number',
  session: 'session',
  'upload-bytes-per-second': 'number',
  address: 'address',
  name: 'host',
  directory: 'directory',
  data: 'directory',
  holdout: 'directory',
  model: 'directory',
  file: 'file',
  scenario: 'file',
  policy: 'file',
  'invitation-file': 'file',
  'log-level': 'choice',
  engine: 'choice',
  code: 'choice',
};

/** Where a name means something else: a directory that the command makes. */
const written: ReadonlySet<string> = new Set([
  'coordinator init directory',
  'participant enroll directory',
  'enroll directory',
]);

/** Every leaf command of a program with its path, e.g. `coordinator run start`. */
export function leavesOf(program: Command, path: readonly string[] = []): { path: string[]; command: Command }[] {
  return program.commands.flatMap((command) => {
    const here = [...path, command.name()];
    return command.commands.length === 0 ? [{ path: here, command }] : leavesOf(command, here);
  });
}

/** Every group: it needs a word more. */
function groupsOf(program: Command, path: readonly string[] = []): string[][] {
  const inside = program.commands.filter((command) => command.commands.length > 0);
  return inside.flatMap((command) => {
    const here = [...path, command.name()];
    return [here, ...groupsOf(command, here)];
  });
}

/** Every hostile command line for every command, option and argument that the program itself declares. */
export function hostileLines(program: Command, fixtures: Fixtures): HostileLine[] {
  const words = ['frobnicate', '__proto__', 'constructor', '../x', '\u001b[2J', 'x'.repeat(1 << 20), 'a\nb'];
  const groups = [[], ...groupsOf(program)].flatMap((path) => [
    { args: path, what: `${path.join(' ')} without a command` },
    ...words.map((word) => ({ args: [...path, word], what: `${path.join(' ')} with the command ${shown(word)}` })),
  ]);
  return [...groups, ...leavesOf(program).flatMap((leaf) => linesOf(leaf, fixtures))];
}

interface Slot {
  readonly name: string;
  /** Flag before the value; absent for a positional. */
  readonly flag?: string;
  readonly required: boolean;
  readonly kind: Kind;
}

function linesOf({ path, command }: { path: string[]; command: Command }, fixtures: Fixtures): HostileLine[] {
  const slots = slotsOf(path, command);
  const full = (except?: Slot, value?: string): string[] => [
    ...path,
    ...slots.flatMap((slot) => {
      if (slot === except) return value === undefined ? [] : [...flagOf(slot), value];
      return slot.required ? [...flagOf(slot), goodValue(slot, fixtures)] : [];
    }),
  ];
  const name = path.join(' ');
  const lines: HostileLine[] = [
    ...['--frobnicate', '--__proto__', '--constructor', '--\u001b[2J', '-\u202e', `--${'x'.repeat(1 << 20)}`].map(
      (flag) => ({
        args: [...full(), flag],
        what: `${name} with the option ${shown(flag)}`,
      }),
    ),
    ...['extra', '__proto__', '\u001b[2J'].map((word) => ({
      args: [
        ...full(),
        ...slots.filter(({ flag, required }) => flag === undefined && !required).map(() => 'deadline'),
        word,
      ],
      what: `${name} with the further argument ${shown(word)}`,
    })),
    ...command.options
      .filter((option) => !option.required && !option.optional)
      .map((option) => ({
        args: [...full(), `${option.long}=__proto__`],
        what: `${name} with a value for ${option.long}`,
      })),
  ];
  for (const slot of slots) {
    if (slot.required) lines.push({ args: full(slot), what: `${name} without ${slot.name}` });
    if (slot.flag !== undefined)
      lines.push({ args: [...full(slot), slot.flag], what: `${name} with a bare ${slot.flag}` });
    const bad = { ...never, ...Object.fromEntries(hostile[slot.kind].map((value) => [shown(value), value])) };
    if (slot.kind === 'directory') Object.assign(bad, { 'a file': fixtures.file });
    if (slot.kind === 'file') Object.assign(bad, { 'a directory': fixtures.empty });
    for (const [what, value] of Object.entries(bad)) {
      lines.push({ args: full(slot, value), what: `${name}: ${slot.name} is ${what}` });
    }
  }
  return lines;
}

function slotsOf(path: readonly string[], command: Command): Slot[] {
  const kindOf = (name: string, choices: unknown): Kind => {
    if (choices !== undefined) return 'choice';
    // It says what would be in force, and looks at no file.
    if (path.at(-1) === 'show' && ['directory', 'file'].includes(kinds[name] ?? '')) return 'written';
    if (written.has(`${path.join(' ')} ${name}`)) return 'written';
    return kinds[name] ?? 'text';
  };
  const positional = command.registeredArguments.map(
    (argument: Argument): Slot => ({
      name: argument.name(),
      required: argument.required,
      kind: kindOf(argument.name(), argument.argChoices),
    }),
  );
  const options = command.options
    .filter((option: Option) => option.required || option.optional)
    .map(
      (option: Option): Slot => ({
        name: option.long!.slice(2),
        flag: option.long!,
        // A directory is always given: without it a command looks where it was started.
        required: option.mandatory || (option.long === '--directory' && path.at(-1) !== 'show'),
        kind: kindOf(option.long!.slice(2), option.argChoices),
      }),
    );
  return [...positional, ...options];
}

function flagOf(slot: Slot): string[] {
  return slot.flag === undefined ? [] : [slot.flag];
}

function goodValue({ name, kind }: Slot, fixtures: Fixtures): string {
  switch (kind) {
    case 'id':
      return 'alpha';
    case 'number':
    case 'days':
      return '1';
    case 'hash':
      return '0'.repeat(64);
    case 'session':
      return 'spring/1';
    case 'address':
      return '127.0.0.1:1';
    case 'host':
      return '127.0.0.1';
    case 'directory':
      return name === 'directory' ? fixtures.consortium : fixtures.empty;
    case 'written':
      return join(fixtures.empty, 'made');
    case 'file':
      return fixtures.file;
    case 'choice':
    case 'text':
      return 'text';
  }
}

/** The value as printable text of bounded length. */
function shown(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 20)}… of ${value.length} characters` : value);
}
