import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}
const { groups } = parse(read('deploy/prometheus/machine-sources.rules.yaml')) as {
  groups: Array<{ readonly rules: readonly Rule[] }>;
};
const rules = groups.flatMap((group) => group.rules);

/** Names of the metrics that the code makes, with their labels. */
const made = new Map(
  [
    'apps/machine-ingest/src/signal-intake/source-metrics.ts',
    'apps/machine-ingest/src/translation/translation-metrics.ts',
    'libs/telemetry/src/business-events.ts',
  ]
    .flatMap((file) => [
      ...read(file).matchAll(/metrics\.(?:counter|gauge|callbackGauge)\(\s*'(\w+)',\s*'[^']*'(?:,\s*\[([^\]]*)\])?/g),
    ])
    .map(([, name, labels = '']) => [name!, [...labels.matchAll(/'(\w+)'/g)].map(([, label]) => label!)]),
);
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replace(/ /g, '-'),
  );

describe.each(rules.map((rule) => [rule.alert, rule] as const))('%s', (_alert, rule) => {
  it('asks for metrics and labels that there are', () => {
    const asked = [...rule.expr.matchAll(/\b((?:millrace|webhook)_\w+)(?:\{([^}]*)\})?/g)];
    expect(asked.length).toBeGreaterThan(0);
    for (const [, name, selectors = ''] of asked) {
      expect([...made.keys()]).toContain(name);
      for (const [, label] of selectors.matchAll(/(\w+)\s*[!=]/g)) expect(made.get(name!)).toContain(label);
    }
  });

  it('says how urgent it is, and leads to the page that says what to do', () => {
    expect(['page', 'ticket']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/\S/);
    const [page, anchor] = rule.annotations.runbook_url.split('#');
    const text = read(page!);
    expect(read('docs/runbooks/README.md')).toContain(page!.replace('docs/runbooks/', ''));
    expect(text).toContain(rule.alert);
    if (anchor !== undefined) expect(anchorsOf(text)).toContain(anchor);
  });
});

const promtool = spawnSync('promtool', ['--version']).error === undefined;

// The image of Prometheus and the package of Debian have promtool; nothing else of Millrace needs it.
(promtool ? it : it.skip)('fire when they should, and are quiet otherwise (needs promtool)', () => {
  const inFolder = { cwd: __dirname, stdio: 'pipe' } as const;
  execFileSync('promtool', ['check', 'rules', 'machine-sources.rules.yaml'], inFolder);
  execFileSync('promtool', ['test', 'rules', 'machine-sources.test.yaml'], inFolder);
});
