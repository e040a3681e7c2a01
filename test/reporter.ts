import { relative } from 'node:path';
import Mocha from 'mocha';

/** What may still be going on when the last test is over: a process that ends later than this is held by something a test forgot. */
const endMillis = 20_000;
/** Characters of what went wrong, in one line. */
const messageMax = 1_000;

/**
 * The spec reporter, closing with plain lines that a script can read: one for each test that failed, `failed: TITLE (FILE): MESSAGE`,
 * and `N passed, N failed[, N skipped]`. What a test left open is one more failure, named, and never keeps the process.
 */
export default class PlainClosingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const broken: string[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: unknown) => {
      const message = String((error as Error | undefined)?.message ?? error)
        .replace(/\s+/g, ' ')
        .slice(0, messageMax);
      broken.push(`failed: ${test.fullTitle()} (${relative(process.cwd(), test.file ?? '')}): ${message}\n`);
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      const close = (failed: number) => process.stdout.write(`${passes} passed, ${failed} failed${skipped}\n`);
      process.stdout.write(broken.join(''));
      close(failures);
      const held = () => {
        const open = process.getActiveResourcesInfo().sort().join(', ');
        process.stdout.write(
          `\n!! FAILED: the process was still held ${endMillis / 1000} s after its last test, by ${open}\n`,
        );
        close(failures + 1);
        process.exit(1);
      };
      setTimeout(held, endMillis).unref();
    });
  }
}
