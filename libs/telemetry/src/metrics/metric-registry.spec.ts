import { SERIES_LIMIT } from './metric-kinds';
import { MetricRegistry } from './metric-registry';

describe('metrics', () => {
  let registry: MetricRegistry;
  beforeEach(() => {
    registry = new MetricRegistry();
  });

  it('renders the Prometheus text format', () => {
    registry.counter('a_total', 'Things.\nMany.', ['kind']).inc({ kind: 'x "y" \\ \n' }, 2);
    registry.gauge('b', 'Level.').set(1.5);
    registry.callbackGauge('c', 'Asked.', ['q'], () => [{ labels: { q: '1' }, value: Number.POSITIVE_INFINITY }]);
    expect(registry.render()).toBe(
      [
        '# HELP a_total Things.\\nMany.',
        '# TYPE a_total counter',
        'a_total{kind="x \\"y\\" \\\\ \\n"} 2',
        '# HELP b Level.',
        '# TYPE b gauge',
        'b 1.5',
        '# HELP c Asked.',
        '# TYPE c gauge',
        'c{q="1"} +Inf',
        '',
      ].join('\n'),
    );
  });

  it('a histogram counts up its buckets', () => {
    const seconds = registry.histogram('s', 'Seconds.', ['o'], [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 5]) seconds.observe(value, { o: 'ok' });
    expect(registry.render().split('\n').slice(2, -1)).toEqual([
      's_bucket{o="ok",le="0.1"} 2',
      's_bucket{o="ok",le="1"} 3',
      's_bucket{o="ok",le="+Inf"} 4',
      's_sum{o="ok"} 5.65',
      's_count{o="ok"} 4',
    ]);
  });

  it('a metric without labels is there from the start, at zero', () => {
    registry.counter('n_total', 'n');
    registry.histogram('h', 'h', [], [1]);
    expect(registry.render()).toContain('\nn_total 0\n');
    expect(registry.render()).toContain('\nh_bucket{le="1"} 0\n');
  });

  it('label values without bound end up under other', () => {
    const counter = registry.counter('n_total', 'n', ['id']);
    for (let n = 0; n < SERIES_LIMIT + 50; n++) counter.inc({ id: `id-${n}` });
    const lines = registry.render().split('\n');
    expect(lines).toContain('n_total{id="other"} 50');
    expect(lines.length).toBeLessThan(SERIES_LIMIT + 10);
  });

  it('the same name is the same metric; another kind under it is a mistake', () => {
    registry.counter('n_total', 'n', ['k']).inc({ k: 'a' });
    expect(registry.counter('n_total', 'n', ['k']).value({ k: 'a' })).toBe(1);
    expect(() => registry.gauge('n_total', 'n')).toThrow('another kind');
    expect(() => registry.gauge('no-name', 'n')).toThrow('metric name');
  });

  it('a gauge that cannot be read spoils no scrape', () => {
    registry.callbackGauge('bad', 'b', [], () => {
      throw new Error('no');
    });
    registry.gauge('good', 'g').set(1);
    expect(registry.render()).toContain('good 1');
  });
});
