import type { EgressReport, KindTotal, RoundTotal } from './egress-report.js';
import { chainLines, roundName, scopeOf, socketLine } from './report-lines.js';

/**
 * The report as one printable page: HTML without scripts, links or anything that is fetched.
 *
 * @param participant whose log it is. @param made RFC 3339.
 */
export function reportPage(report: EgressReport, participant: string, made: string): string {
  const { from, to, kinds, rounds } = report;
  const period = from === undefined ? 'Nothing left.' : `From ${moment(from)} to ${moment(to!)} (UTC).`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What left ${text(participant)}</title>
<style>
body { font: 11pt/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 52em; padding: 0 1em; color: #111; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 0.5em 0 1.5em; }
th, td { text-align: left; padding: 0.25em 0.75em 0.25em 0; border-bottom: 1px solid #ccc; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.chain { overflow-wrap: anywhere; font-size: 9pt; }
tr { break-inside: avoid; }
@media print { body { margin: 0; } }
</style>
</head>
<body>
<h1>What left ${text(participant)}, ${text(scopeOf(report))}</h1>
<p>${text(period)} Made on ${moment(made)} from the egress log of the participant.</p>
<p>Records never leave. Of what is learned from them one thing leaves: an update under masks that cancel only in the sum of all survivors of a round.</p>
<h2>By kind</h2>
${table(['Message', 'What it is', 'Count', 'Bytes', 'Masked'], kinds.map(kindRow))}
<h2>By round</h2>
${table(['Round', 'From', 'To', 'Bytes', 'Of them masked', 'Refused'], rounds.map(roundRow))}
<h2>The whole</h2>
<p>${text(socketLine(report))}</p>
${chainLines(report)
  .map((line) => `<p class="chain">${text(line)}</p>`)
  .join('\n')}
</body>
</html>
`;
}

type Cell = string | number;

/** For readers who do not know the protocol; docs/what-leaves-you.md says more. */
const meanings: Readonly<Record<string, string>> = {
  approved: 'agreement to a plan: digests and a signature',
  decline: 'a refusal: the rule that forbids it',
  ready: 'which model was trained from',
  advertise: 'fresh public keys',
  share: 'sealed boxes for the other members',
  confirm: 'which boxes were in order',
  'masked-update': 'what was learned, under masks',
  certify: 'whose updates are in the sum, signed',
  reveal: 'shares that take the masks out of the sum',
  abort: 'that a session is given up, signed',
  result: 'that the sum was computed anew and is right',
  disputed: 'that the sum was computed anew and is wrong',
};

function kindRow({ kind, count, bytes, masked }: KindTotal): Cell[] {
  return [kind, meanings[kind] ?? '', count, bytes, masked ? 'yes' : 'no'];
}

function roundRow(total: RoundTotal): Cell[] {
  const { kinds, refusals, from, to } = total;
  const sum = (of: readonly KindTotal[]) => of.reduce((bytes, kind) => bytes + kind.bytes, 0);
  return [
    roundName(total),
    moment(from),
    moment(to),
    sum(kinds),
    sum(kinds.filter(({ masked }) => masked)),
    refusals.join('; '),
  ];
}

function table(head: readonly string[], rows: readonly Cell[][]): string {
  const cell = (value: Cell) =>
    typeof value === 'number' ? `<td class="number">${grouped(value)}</td>` : `<td>${text(value)}</td>`;
  const isNumber = (column: number) => rows.some((row) => typeof row[column] === 'number');
  const names = head.map((name, column) => `<th${isNumber(column) ? ' class="number"' : ''}>${text(name)}</th>`);
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<table>
<thead><tr>${names.join('')}</tr></thead>
<tbody>
${body}
</tbody>
</table>`;
}

/** @param time RFC 3339, UTC. */
function moment(time: string): string {
  return text(time.replace('T', ' ').replace(/\.\d+Z$/, ''));
}

/** With a thin space before every three digits. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '&#8239;');
}

/** Notes hold what peers said: none of it is markup. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
