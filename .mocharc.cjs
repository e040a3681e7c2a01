const { availableParallelism } = require('node:os');

// Every file in one of a few processes: half of the suite waits for processes of its own, and for keepalives.
module.exports = {
  spec: ['test/dist/**/*.test.js'],
  ignore: ['test/dist/packages/**'],
  reporter: 'test/dist/reporter.js',
  timeout: 60_000,
  exit: false,
  parallel: true,
  jobs: Math.max(2, Math.min(4, availableParallelism())),
};
