import { FederatedError } from '@concordat/core';

/** Something wrong with a configuration: where, what was required, what was offered, what to do. */
export interface Problem {
  /** A warning does not keep anything from starting. */
  readonly severity: 'error' | 'warning';
  /** `path:line`, a path, `CONCORDAT_X` or `--flag`. */
  readonly where: string;
  /** Dotted name of the setting or rule, or a noun. */
  readonly setting: string;
  readonly required: string;
  readonly offered: string;
  readonly fix: string;
  /** Nothing was offered where something is required. */
  readonly missing?: true;
}

const problemsMax = 32;

/** A problem as one line for a person. */
export function problemLine({ severity, where, setting, required, offered, fix }: Problem): string {
  const kind = severity === 'warning' ? 'warning: ' : '';
  return `${kind}${where}: ${setting}: required ${required}; offered ${offered}. ${fix}`;
}

/**
 * The error that keeps a program from starting: the first problem in full, how many more there are, and all in the detail.
 *
 * @param problems at least one of severity `error`; warnings are left out.
 * @param checkCommand what names them all.
 */
export function configurationError(problems: readonly Problem[], checkCommand: string): FederatedError {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) throw new FederatedError('internal', 'a configuration without problems was refused');
  const { where, setting, required, offered, fix } = first;
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return new FederatedError(
    'invalid-argument',
    `${where}: ${setting}: required ${required}; offered ${offered}${more}`,
    {
      detail: { where, setting, required, offered, problems: errors.slice(0, problemsMax).map(problemLine) },
      fix: errors.length === 1 ? fix : `${fix} To see all: ${checkCommand}`,
    },
  );
}

/** Instead of a value that may be a secret. */
export const notQuoted = 'something else, which is not shown';

/** A value as it is quoted in a problem: JSON, at most 80 characters, nothing that a terminal would obey. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  // A password that somebody wrote into a URL goes no further than into the file or argument where it stands.
  const text = (JSON.stringify(value) ?? String(value)).replace(/(:\/\/[^:@/?#"]*):[^@"]*@/g, '$1:…@');
  return text.slice(0, 80).replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');
}
