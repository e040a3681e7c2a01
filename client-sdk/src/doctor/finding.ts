/** What one check found. */
export interface Finding {
  /** What was looked at, e.g. `tls`. */
  readonly check: string;
  /** `skipped` when what it rests on is not there. */
  readonly status: 'passed' | 'problem' | 'skipped';
  readonly found: string;
  /** What to do; only with a problem. */
  readonly fix?: string;
}

export const passed = (check: string, found: string): Finding => ({ check, status: 'passed', found });
export const problem = (check: string, found: string, fix: string): Finding => ({
  check,
  status: 'problem',
  found,
  fix,
});
export const skipped = (check: string, found: string): Finding => ({ check, status: 'skipped', found });
