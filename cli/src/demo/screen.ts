import { type Activity, type DemoView, type ParticipantView, percent, type RoundView } from './view.js';

const marks: Readonly<Record<Activity, readonly [mark: string, style: Style]>> = {
  joining: ['◌', 'dim'],
  waiting: ['○', 'dim'],
  training: ['◐', 'yellow'],
  ready: ['◑', 'cyan'],
  'sharing keys': ['◒', 'cyan'],
  uploading: ['▲', 'blue'],
  uploaded: ['●', 'blue'],
  unmasking: ['◓', 'magenta'],
  done: ['✔', 'green'],
  dropped: ['✘', 'red'],
  killed: ['✘', 'red'],
  'starting again': ['↻', 'yellow'],
};

type Style = 'dim' | 'bold' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

const codes: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

type Paint = (style: Style, text: string) => string;

export interface ScreenOptions {
  /** Columns of the terminal. */
  readonly columns: number;
  readonly colour: boolean;
  /** Counts up with every drawing; turns the wheel. */
  readonly frame: number;
  /** Since the demo began. */
  readonly seconds: number;
}

/**
 * The live picture: stage, one line per organization, accuracy by round.
 *
 * @returns lines that never wrap in `columns`.
 */
export function drawScreen(view: DemoView, options: ScreenOptions): string[] {
  const paint: Paint = options.colour ? (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m` : (_, text) => text;
  const width = Math.max(40, Math.min(options.columns, 110)) - 1;
  const wheel = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[options.frame % 10]!;
  const clock = `${Math.floor(options.seconds / 60)}:${String(Math.floor(options.seconds % 60)).padStart(2, '0')}`;
  const head = view.round > 0 ? `round ${view.round} of ${view.roundsPlanned} · ${view.phase}` : view.stage;
  const done = view.finished.length / view.roundsPlanned;
  const idWidth = Math.max(...view.participants.map(({ id }) => id.length));
  return [
    '',
    `${paint('cyan', wheel)} ${paint('bold', clip(head, width - 10))} ${paint('dim', clock)}`,
    `  ${bar(done, Math.min(48, width - 12), 'green', paint)} ${paint('dim', `${view.finished.length}/${view.roundsPlanned}`)}`,
    '',
    ...view.participants.map((participant) => participantLine(participant, idWidth, width, paint)),
    '',
    ...accuracyChart(view.finished, view.roundsPlanned, paint),
  ];
}

function participantLine(participant: ParticipantView, idWidth: number, width: number, paint: Paint): string {
  const [mark, style] = marks[participant.activity];
  const known = participant.labels.map((count, label) => (count === 0 ? '·' : String(label))).join('');
  const portion = participant.portion === undefined ? ' '.repeat(16) : bar(participant.portion, 16, style, paint);
  const rounds = participant.roundsContributed;
  const contributed = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  const line = `  ${paint(style, mark)} ${participant.id.padEnd(idWidth)}  ${paint('dim', known)}  ${paint(style, participant.activity.padEnd(14))} ${portion}`;
  const plainLength = 4 + idWidth + 2 + known.length + 2 + 14 + 1 + 16;
  return plainLength + contributed.length + 2 <= width ? `${line}  ${paint('dim', contributed)}` : line;
}

function accuracyChart(rounds: readonly RoundView[], planned: number, paint: Paint): string[] {
  if (rounds.length === 0) return [];
  const blocks = '▁▂▃▄▅▆▇█';
  const columns = rounds.slice(-60).map(({ accuracy, dropped }) => {
    const height = accuracy === undefined ? 0 : Math.min(7, Math.max(0, Math.floor((accuracy - 0.5) * 16)));
    return paint(dropped.length > 0 ? 'red' : 'green', accuracy === undefined ? '·' : blocks[height]!);
  });
  const latest = rounds
    .map(({ accuracy }) => accuracy)
    .filter((accuracy) => accuracy !== undefined)
    .at(-1);
  const rest = paint('dim', '·'.repeat(Math.max(0, Math.min(60, planned) - columns.length)));
  return [`  accuracy ${columns.join('')}${rest}  ${latest === undefined ? '' : paint('bold', percent(latest))}`, ''];
}

function bar(portion: number, width: number, style: Style, paint: Paint): string {
  const filled = Math.round(Math.min(1, Math.max(0, portion)) * width);
  return paint(style, '━'.repeat(filled)) + paint('dim', '─'.repeat(width - filled));
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}
