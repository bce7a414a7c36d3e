// One line for each file of tests; of a failure all that jest says. Counts go to the file that `npm test` sums up.
const { relative } = require('node:path');

/** A failure may quote a value of a megabyte; nobody reads that, and a log that swallows it hides the rest. */
const readable = (text) => text.replace(/[^\n]{600,}/g, (line) => `${line.slice(0, 500)}… (${line.length} characters)`);

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

module.exports = class CalmReporter {
  constructor(globalConfig) {
    this.root = globalConfig.rootDir;
  }

  onTestResult(test, result) {
    const name = relative(this.root, test.path);
    const time = seconds((result.perfStats?.end ?? 0) - (result.perfStats?.start ?? 0));
    const skipped = result.numPendingTests > 0 ? `, ${result.numPendingTests} skipped` : '';
    if (result.numFailingTests === 0 && !result.testExecError) {
      process.stdout.write(`      ${name}  ${result.numPassingTests} passed${skipped}  ${time}\n`);
      return;
    }
    process.stdout.write(
      `    ✗ ${name}  ${result.numFailingTests || 1} failed  ${time}\n${readable(result.failureMessage ?? '')}\n`,
    );
  }
};
