// Stryker's own mocha runner reaches into files that mocha 12 no longer has. This one keeps to mocha's public interface:
// the test files are imported once, and every mutant is a run of the same suites with that mutant switched on.
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import Mocha from 'mocha';

/** Compiled tests that look at the mutated files. */
const directory = 'test/dist/core/secagg';
/** Tests that say nothing of the code: of documents, of statistics over minutes of masks, of a second implementation of primitives. */
const leftOut = ['refusal-inventory.test.js', 'mask-statistics.test.js', 'mixed-crypto.test.js'];
/** Tests that play whole sessions come last, the slowest at the end: what looks at one function tells most mutants in a hundredth of the time. */
const sessions = ['participant', 'confirm', 'reveal', 'restore', 'abort', 'refusals', 'aggregator', 'exactness'];
/** Sessions of many repeat what sessions of few say, in four times the time of all other tests. */
const large = /^A session of (7|8|9|1\d) /;

class MochaRunner {
  static inject = [];
  /** Where the instrumented code reads which mutant is on, and counts what it runs. */
  #switchboard;
  #mocha;
  #loaded = false;
  #coverage = false;
  #tests = [];

  constructor() {
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
    this.#switchboard = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];
  }

  capabilities() {
    // A module that was imported stays imported. But mutants that only run while modules load are ignored, and every other one is
    // switched on and off by number: nothing has to be loaded again for it, not even where loading runs it too.
    return { reloadEnvironment: true };
  }

  init() {
    const runner = this;
    this.#mocha = new Mocha({ reporter: collecting(this), timeout: 0 });
    this.#mocha.cleanReferencesAfterRun(false);
    this.#mocha.suite.beforeEach(function () {
      if (runner.#coverage) runner.#switchboard.currentTestId = this.currentTest?.fullTitle();
    });
  }

  begin() {
    this.#tests = [];
  }

  add(test) {
    this.#tests.push(test);
  }

  async dryRun({ coverageAnalysis, disableBail }) {
    this.#coverage = coverageAnalysis === 'perTest';
    const result = await this.#run({ bail: !disableBail });
    this.#coverage = false;
    return { ...result, mutantCoverage: this.#switchboard.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, disableBail, hitLimit, mutantActivation }) {
    this.#switchboard.hitLimit = hitLimit;
    this.#switchboard.hitCount = hitLimit === undefined ? undefined : 0;
    const wanted = testFilter?.map((title) => `^${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`).join('|');
    this.#mocha.grep(new RegExp(wanted ?? ''));
    return toMutantRunResult(await this.#run({ bail: !disableBail, mutant: activeMutant.id, mutantActivation }));
  }

  // Not in `init`, which Stryker calls while the build is still running.
  #addFiles() {
    const rank = (path) => sessions.indexOf(basename(path, '.test.js'));
    const paths = readdirSync(directory, { recursive: true }).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    for (const path of paths) {
      if (!path.endsWith('.test.js') || leftOut.includes(basename(path))) continue;
      this.#mocha.addFile(resolve(directory, path));
    }
  }

  async #run({ bail, mutant, mutantActivation }) {
    try {
      setBail(this.#mocha.suite, bail);
      if (!this.#loaded) {
        this.#switchboard.activeMutant = mutantActivation === 'static' ? mutant : undefined;
        this.#addFiles();
        await this.#mocha.loadFilesAsync();
        dropLarge(this.#mocha.suite);
        this.#loaded = true;
      }
      this.#switchboard.activeMutant = mutant;
      await new Promise((done) => this.#mocha.run(done));
      const { hitCount, hitLimit } = this.#switchboard;
      return determineHitLimitReached(hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests: this.#tests };
    } catch (error) {
      return { status: DryRunStatus.Error, errorMessage: String(error?.stack ?? error) };
    }
  }
}

function collecting(runner) {
  return class {
    constructor(run) {
      const started = new Map();
      const { EVENT_RUN_BEGIN, EVENT_TEST_BEGIN, EVENT_TEST_PASS, EVENT_TEST_FAIL } = Mocha.Runner.constants;
      const add = (test, outcome) => {
        const title = test.fullTitle();
        const timeSpentMs = Date.now() - (started.get(title) ?? Date.now());
        runner.add({ id: title, name: title, timeSpentMs, ...outcome });
      };
      run.on(EVENT_RUN_BEGIN, () => runner.begin());
      run.on(EVENT_TEST_BEGIN, (test) => started.set(test.fullTitle(), Date.now()));
      run.on(EVENT_TEST_PASS, (test) => add(test, { status: TestStatus.Success }));
      run.on(EVENT_TEST_FAIL, (test, error) =>
        add(test, { status: TestStatus.Failed, failureMessage: error?.message ?? String(error) }),
      );
    }
  };
}

function dropLarge(suite) {
  suite.tests = suite.tests.filter((test) => !large.test(test.fullTitle()));
  for (const child of suite.suites) dropLarge(child);
}

function setBail(suite, bail) {
  suite.bail(bail);
  for (const child of suite.suites) setBail(child, bail);
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'mocha-public', MochaRunner)];
