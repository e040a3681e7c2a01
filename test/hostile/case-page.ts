import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { coordinatorCases } from './cases/all.js';
import { participantCases } from './cases/participants.js';
import type { HostileCase, Verdict } from './hostile-case.js';

const page = resolve(import.meta.dirname, '../../../docs/hostile-cases.md');

const head = `# Hostile cases

What a lying coordinator and lying participants try, and what must come of it. Every row is played over real mutual TLS and gRPC: the lies of a
coordinator against real clients of the SDK, five of them with c = 1 and T = 4; the lies of a participant against a real coordinator. Each ends in a
refusal by name, a clean end without a sum, or exactly the sum of the survivors.

After every case everything that left the honest participants is searched: two answers to one question, two kinds of share of one dealer, shares that
would rebuild both of a dealer's secrets, two masked vectors, any secret of a participant (keys, session roots, what derives from them, its update) in
messages, headers, events, egress logs or journals. Nothing of that may be found.

In the second table the liar is "acme". The tests are \`test/hostile/sessions.test.ts\` and \`test/hostile/participants.test.ts\`; this page is written by \`npm run hostile:page\` from the tables they run.

## A bit flipped at every byte

\`npm run hostile:wire\` flips one bit of every byte of every kind of message, in both directions, and sends the true message behind the flipped one. Its state
file lets a campaign go on where it was stopped, and \`--part 1/4\` splits it.

To a client: the welcome, offers, plan, roster, models, every frame of a session, every receipt, what is said of rounds and runs – one round for each: a real
client, its four companions in memory. The client must refuse by a rule, drop its connection and come back, or find nothing changed; the session must open
exactly the survivors' sum or be aborted.

To a coordinator: enrolment, check-in, approvals, declines, every answer of a session, the question before an upload, its header and chunks, aborts, verdicts on sums, and what is
asked for – a real client behind a relay that flips, four other participants, a real coordinator. The coordinator must refuse by a code of its own and never as
\`internal\`; whoever a flipped answer excludes is left out, and the model moves by exactly the mean of the others; whoever is not excluded is in it with its
true message. A round takes as many flips as do not exclude their sender.

The suite flips some bits of every kind (\`test/hostile/wire.test.ts\`, \`test/hostile/coordinator-flips.test.ts\`). What participants send is damaged by hand in the
table above too, and byte by byte at the machines (D19 of the [threat model](threat-model.md)).
`;

/** The page as it has to be. */
export function casePage(): string {
  const sections = [
    section('A coordinator that …', coordinatorCases),
    section('A participant that …', participantCases),
  ];
  return [head, ...sections].join('\n');
}

/** The page as it is. */
export function writtenPage(): string {
  return readFileSync(page, 'utf8');
}

function section(title: string, cases: readonly HostileCase[]): string {
  const rows = cases.map(({ lie, verdict }) => `| ${lie} | ${refusalsIn(verdict)} | ${verdict.ends.join('; ')} |`);
  return [
    `## ${title}`,
    '',
    '| lie | who refuses, by which rule | what comes of it |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function refusalsIn({ refuses }: Verdict): string {
  const entries = Object.entries(refuses);
  if (entries.length === 0) return '–';
  return entries.map(([name, rules]) => `${name}: ${rules.map((rule) => `\`${rule}\``).join(', ')}`).join('; ');
}

if (process.argv[1] === import.meta.filename) writeFileSync(page, casePage());
