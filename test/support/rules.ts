import { type ErrorDetail, FederatedError } from '@concordat/core';

/** The rule an error names; its code when it names none. */
export function ruleOf(error: unknown): string | undefined {
  if (!(error instanceof FederatedError)) return undefined;
  return typeof error.detail.rule === 'string' ? error.detail.rule : error.code;
}

/** The rule of what `work` throws; undefined when it does not. */
export function ruleThrownBy(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return ruleOf(error) ?? String(error);
  }
}

/** What the error of `work` says about itself; undefined when it throws none of ours. */
export function detailThrownBy(work: () => unknown): ErrorDetail | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof FederatedError ? error.detail : undefined;
  }
}
