import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}
interface Failure {
  file: string;
  test: string;
  said: string;
}
interface TallyModule {
  failuresOf(file: string, root: string): Failure[];
  tallyOf(file: string, exitCode: number): Tally;
  add(one: Tally, other: Tally): Tally;
  sentence(tally: Tally): string;
}

let tally: TallyModule;
let folder: string;
beforeAll(async () => {
  tally = (await import(join(__dirname, 'tally.mjs'))) as TallyModule;
  folder = mkdtempSync(join(tmpdir(), 'millrace-tally-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const report = (counts: object) => {
  const file = join(folder, 'report.json');
  const none = {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
  };
  writeFileSync(file, JSON.stringify({ ...none, ...counts }));
  return file;
};

describe('tallyOf', () => {
  it.each([
    ['all passed', { numPassedTests: 5 }, 0, { passed: 5, failed: 0, skipped: 0 }],
    ['one failed', { numPassedTests: 5, numFailedTests: 1 }, 1, { passed: 5, failed: 1, skipped: 0 }],
    [
      'a file that does not load',
      { numPassedTests: 5, numRuntimeErrorTestSuites: 2 },
      1,
      { passed: 5, failed: 2, skipped: 0 },
    ],
    ['skipped and planned ones', { numPendingTests: 2, numTodoTests: 1 }, 0, { passed: 0, failed: 0, skipped: 3 }],
    ['an error outside of any test', { numPassedTests: 5 }, 1, { passed: 5, failed: 1, skipped: 0 }],
  ])('counts %s', (_what, counts, exitCode, expected) => {
    expect(tally.tallyOf(report(counts), exitCode)).toEqual(expected);
  });

  it('counts a run that wrote nothing as failed', () => {
    expect(tally.tallyOf(join(folder, 'never-written.json'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('failuresOf', () => {
  it('names each failed test, and the file that did not load, with the beginning of what it said', () => {
    const file = report({
      testResults: [
        {
          name: '/clone/libs/a.spec.ts',
          status: 'failed',
          message: 'both',
          assertionResults: [
            { status: 'passed', fullName: 'adds', failureMessages: [] },
            {
              status: 'failed',
              fullName: 'a sum is kept',
              failureMessages: [
                `\u001b[31mexpected 3\u001b[39m\n${'x'.repeat(9000)}\n    at Object.toEqual (/clone/libs/a.spec.ts:1:4)\n    at new Promise (<anonymous>)\n    at run (/clone/node_modules/jest-circus/index.js:7:1)`,
              ],
            },
          ],
        },
        { name: '/clone/libs/b.spec.ts', status: 'failed', message: 'Cannot find module', assertionResults: [] },
        { name: '/clone/libs/c.spec.ts', status: 'passed', message: '', assertionResults: [] },
      ],
    });
    expect(tally.failuresOf(file, '/clone')).toEqual([
      {
        file: 'libs/a.spec.ts',
        test: 'a sum is kept',
        said: `expected 3\n${'x'.repeat(300)}\n    at Object.toEqual (/clone/libs/a.spec.ts:1:4)`,
      },
      { file: 'libs/b.spec.ts', test: 'did not run', said: 'Cannot find module' },
    ]);
  });

  it('knows of none where the run wrote nothing', () => {
    expect(tally.failuresOf(join(folder, 'never-written.json'), '/clone')).toEqual([]);
  });
});

it('sums up in one plain line', () => {
  const sum = tally.add({ passed: 400, failed: 0, skipped: 0 }, { passed: 12, failed: 1, skipped: 0 });
  expect(tally.sentence(sum)).toBe('412 passed, 1 failed');
  expect(tally.sentence({ ...sum, skipped: 3 })).toBe('412 passed, 1 failed, 3 skipped');
});
