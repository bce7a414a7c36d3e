/** One project per tier of test; the tier is in the file name (see CONTRIBUTING.md). */
const base = {
  rootDir: __dirname,
  testEnvironment: 'node',
  moduleNameMapper: { '^@millrace/([^/]+)$': '<rootDir>/libs/$1/src/index.ts' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
      },
    ],
  },
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/', '<rootDir>/.millrace', '<rootDir>/.cache/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.millrace', '<rootDir>/.cache/'],
  cacheDirectory: '<rootDir>/.cache/jest',
};
module.exports = {
  // A busy machine takes its time; what waits for ever is told all the same.
  testTimeout: 120_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: [...base.testPathIgnorePatterns, '\\.(int|e2e)\\.spec\\.ts$'],
    },
    { ...base, displayName: 'integration', testMatch: ['**/*.int.spec.ts'] },
    { ...base, displayName: 'story', testMatch: ['**/*.e2e.spec.ts'] },
  ],
};
