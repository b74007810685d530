/**
 * Jest reporter: ends the run with one plain line, `N passed, N failed`, that any CI can read.
 * Where CANOPY_COUNT_FILE names a file, the counts are added to it instead, for a caller that sums up several runs.
 */
const { appendFileSync } = require('node:fs');

module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const file = process.env.CANOPY_COUNT_FILE;
    if (file) appendFileSync(file, `${passed} ${failed} ${skipped}\n`);
    else
      process.stdout.write(
        `\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
      );
  }
};
