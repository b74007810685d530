/**
 * Jest reporter: keeps, for each test file that ran, the titles of its passed tests that name a requirement, for
 * `check-conformance.ts`. A file of its own for each test file, replaced as a whole, so that two runs at the same time
 * do not harm each other. A run that was told to leave tests out (`-t`) keeps nothing.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { dirname, join, relative } = require('node:path');

const fingerprint = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

module.exports = class ConformanceReporter {
  constructor({ rootDir, testNamePattern }) {
    this.rootDir = rootDir;
    this.isWhole = !testNamePattern;
    this.fingerprints = new Map();
  }

  // The text that runs is the one before the run: what is written to the file meanwhile was not tested.
  onTestFileStart({ path }) {
    this.fingerprints.set(path, fingerprint(path));
  }

  onTestFileResult({ path }, { testResults, testExecError, numFailingTests, numPendingTests }) {
    if (!this.isWhole) return;
    const record = {
      sha256: this.fingerprints.get(path),
      failed: numFailingTests + (testExecError ? 1 : 0),
      skipped: numPendingTests,
      passed: testResults
        .filter(({ status, fullName }) => status === 'passed' && /\[R\d/.test(fullName))
        .map(({ fullName }) => fullName),
    };
    const name = relative(this.rootDir, path).split('\\').join('/');
    const file = join(this.rootDir, 'node_modules/.cache/canopy/tests', `${name}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(record));
    renameSync(`${file}.${process.pid}`, file);
  }
};
