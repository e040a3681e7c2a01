import { type ErrorCode, errorCodes, errorGuides, rulesOf } from '@concordat/core';
import { statusTable } from './status.js';

/** Names of the gRPC statuses that our codes use. */
const grpcNames: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  9: 'FAILED_PRECONDITION',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
  16: 'UNAUTHENTICATED',
};

const exitMeanings = {
  1: 'the job failed or was refused',
  2: 'connection or identity',
  3: 'deadline',
  4: 'bad arguments',
  5: 'our bug',
} as const;

/** Codes about a document name the field's path in it where no rule of the list fits. */
const alsoFields: readonly ErrorCode[] = ['refused', 'invalid-argument'];

/**
 * The page of an error code, Markdown: what it means, what to do, its gRPC status and exit code, and every rule that carries it.
 * Made of the closed lists of core and of the status table; `docs/errors` and `concordat explain` show the same text.
 */
export function errorPage(code: ErrorCode): string {
  const { meaning, fix } = errorGuides[code];
  const { grpc, exit } = statusTable[code];
  return [
    `# ${code}`,
    '',
    meaning,
    '',
    `**What to do.** ${fix}`,
    '',
    '| gRPC status | exit code of the command |',
    '|---|---|',
    `| ${grpc} ${grpcNames[grpc]} | ${exit}: ${exitMeanings[exit]} |`,
    ...ruleLines(code),
    '',
    'All codes: [README.md](README.md)',
    '',
  ].join('\n');
}

/** The page that lists every code with its gRPC status and exit code, Markdown. */
export function errorIndex(): string {
  return [
    '# Errors',
    '',
    'Every error has a code that says what the caller can do, a message that says what happened, and a fix. The list of codes is closed;',
    'a command prints its error on stderr, or with `--json` in the envelope `{schemaVersion, status, error{code, message, fix, correlationId, detail}}` on stdout.',
    'The coordinator writes the same `correlationId` into its log beside the error of that request.',
    'Each page is also printed by `concordat explain CODE` (`concordat-participant explain CODE`), without a network.',
    '',
    '| code | gRPC status | exit code | what to do |',
    '|---|---|---|---|',
    ...errorCodes.map((code) => {
      const { grpc, exit } = statusTable[code];
      return `| [${code}](${code}.md) | ${grpc} ${grpcNames[grpc]} | ${exit}: ${exitMeanings[exit]} | ${errorGuides[code].fix} |`;
    }),
    '',
    'Exit code 0 is success. An error that reached the command without a code of ours is `internal`.',
    '',
    'A `refused` or `verification` error names the rule that was broken in `detail.rule`; the pages of these codes list every rule.',
    '',
    'These pages are generated from `core/src/errors.ts`, `core/src/rules.ts` and `proto/src/status.ts`: `npm run docs:errors`.',
    '',
  ].join('\n');
}

function ruleLines(code: ErrorCode): string[] {
  const rules = [...rulesOf(code)].sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = alsoFields.includes(code)
    ? [
        '',
        'Where a plan is wrong, `detail.rule` is the path of the field, e.g. `deadlines.readyMillis`, and the message its line.',
      ]
    : [];
  if (rules.length === 0) return fields;
  return [
    '',
    '## Rules',
    '',
    '`detail.rule` names one of these.',
    '',
    '| rule | required | what to do |',
    '|---|---|---|',
    ...rules.map(([rule, { required, fix }]) => `| \`${rule}\` | ${required} | ${fix} |`),
    ...fields,
  ];
}
