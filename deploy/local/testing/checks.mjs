// The steps of `npm test`: what is called how, in which order.
import { join } from 'node:path';

/** Seen before any test runs; each counts as one. */
export const staticChecks = (root) => [
  {
    name: 'lint',
    title: 'Lint and format',
    remark: 'biome',
    command: [
      join(root, 'node_modules/@biomejs/biome/bin/biome'),
      'check',
      '--error-on-warnings',
      '--max-diagnostics=50',
    ],
  },
  {
    name: 'types',
    title: 'Types',
    remark: 'TypeScript, strict',
    command: [join(root, 'node_modules/typescript-7/bin/tsc'), '-p', 'tsconfig.json'],
  },
  {
    name: 'line',
    title: 'Dependency line',
    remark: 'who may import whom',
    command: [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      'apps',
      'libs',
      'deploy',
    ],
  },
];

/** Tiers of tests; each is a project of jest.config.cjs. */
export const tiers = [
  { name: 'unit', title: 'Unit tests', project: 'unit', workers: '100%', needsStack: false },
  { name: 'integration', title: 'Integration tests', project: 'integration', workers: '2', needsStack: true },
  // Stories measure gaps and kill processes; beside each other they would measure each other.
  { name: 'story', title: 'Stories', project: 'story', workers: '1', needsStack: true },
];
