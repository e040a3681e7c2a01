import { FederatedError } from '@concordat/core';
import type { EffectiveSetting, Origin } from './effective.js';
import { configurationError, type Problem, problemLine } from './problem.js';

/** What a configuration command has to say: data for `--json`, lines for people. */
export interface ConfigurationReport {
  readonly data: object;
  readonly lines: readonly string[];
}

const problemsMax = 64;

/**
 * The result of `config check`.
 *
 * @param files that were read.
 * @param say called with every problem, for people; the error that follows only counts them.
 * @throws `invalid-argument` when there is a problem that is more than a warning; its detail holds all problems.
 */
export function reportCheck(
  files: readonly string[],
  problems: readonly Problem[],
  say: (line: string) => void,
): ConfigurationReport {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const lines = problems.slice(0, problemsMax).map(problemLine);
  if (errors.length === 0) {
    const warnings = problems;
    return {
      data: { files, warnings },
      lines: [...lines, `Nothing is wrong in ${files.join(', ') || 'the configuration'}.`],
    };
  }
  for (const line of lines) say(line);
  const count = errors.length === 1 ? '1 problem' : `${errors.length} problems`;
  throw new FederatedError('invalid-argument', `the configuration has ${count}`, {
    detail: { files, problems: lines },
    fix: 'Correct each; `config show --origin` says where every value comes from.',
  });
}

/**
 * The result of `config show`: every setting, its value, and with `origins` where that came from.
 *
 * @throws `invalid-argument` when something that was given is not usable: then no value would be in force. What is required
 *   and missing is shown as not set.
 */
export function reportShow(
  { effective, problems }: { readonly effective: readonly EffectiveSetting[]; readonly problems: readonly Problem[] },
  options: { readonly origins: boolean; readonly checkCommand: string },
): ConfigurationReport {
  const given = problems.filter(({ severity, missing }) => severity === 'error' && missing !== true);
  if (given.length > 0) throw configurationError(given, options.checkCommand);
  const { origins } = options;
  const width = Math.max(...effective.map(({ setting }) => setting.length));
  const shown = effective.map(
    ({ setting, value }) =>
      `${setting.padEnd(width)}  ${value === undefined ? '–' : Array.isArray(value) ? JSON.stringify(value) : String(value)}`,
  );
  const wide = Math.max(...shown.map((line) => line.length));
  return {
    data: { settings: origins ? effective : effective.map(({ setting, value }) => ({ setting, value })) },
    lines: effective.map(({ origin }, i) => (origins ? `${shown[i]!.padEnd(wide)}  ${originText(origin)}` : shown[i]!)),
  };
}

/** `flag --port`, `environment CONCORDAT_PORT`, `file coordinator.yaml:7`, `default`, `not set`. */
function originText(origin: Origin): string {
  switch (origin.type) {
    case 'flag':
      return `flag ${origin.flag}`;
    case 'environment':
      return `environment ${origin.variable}`;
    case 'file':
      return `file ${origin.path}:${origin.line}`;
    case 'default':
      return 'default';
    case 'unset':
      return 'not set';
  }
}
