import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * Counts of one run of jest from its `--outputFile`. A file of tests that could not even be loaded counts as one failure; so
 * does a run that ended without writing counts, or that failed without a failed test.
 *
 * @param {string} file @param {number} exitCode @returns {Tally}
 */
export const tallyOf = (file, exitCode) => {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
};

/** So much of a failure's text is said again; the whole stands where the test ran. */
const linesSaidAgain = 25;
const lettersSaidAgain = 300;

const framesOfJest = /^\s+at .*(node_modules|node:internal|<anonymous>\)$)/;

/** @param {string} text @returns {string} as much of what a failure said as is said again, without colours and frames of the runner */
export const beginningOf = (text) =>
  stripVTControlCharacters(text ?? '')
    .trim()
    .split('\n')
    .filter((line) => !framesOfJest.test(line))
    .slice(0, linesSaidAgain)
    .map((line) => line.slice(0, lettersSaidAgain))
    .join('\n');

/** @typedef {{ file: string, test: string, said: string }} Failure */

/**
 * The failed tests of one run of jest from its `--outputFile`, with the beginning of what each said. A file of tests that could
 * not be loaded is one failure. Empty where the run wrote nothing.
 *
 * @param {string} file @param {string} root @returns {Failure[]}
 */
export const failuresOf = (file, root) => {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const path = relative(root, name);
    const failed = assertionResults.filter((one) => one.status === 'failed');
    if (failed.length === 0 && status === 'failed')
      return [{ file: path, test: 'did not run', said: beginningOf(message) }];
    return failed.map(({ fullName, failureMessages }) => ({
      file: path,
      test: fullName,
      said: beginningOf(failureMessages.join('\n')),
    }));
  });
};

/** @param {Tally} one @param {Tally} other @returns {Tally} */
export const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
});

/** @param {Tally} tally `412 passed, 0 failed`; with the skipped ones, when there are any */
export const sentence = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
