/** The kinds of metric. All of them hold a bounded number of series. */
export interface Metric {
  render(lines: string[]): void;
}

export type Labels<N extends string> = { readonly [name in N]: string };
export interface Reading<N extends string> {
  readonly labels: Labels<N>;
  readonly value: number;
}

/** Combinations of label values of one metric; further ones share the series whose values are all `other`. */
export const SERIES_LIMIT = 500;

const escapeValue = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const formatNumber = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
};

const NO_LABELS = {} as Labels<never>;

abstract class Series<N extends string, S> implements Metric {
  private readonly byKey = new Map<string, { readonly text: string; readonly state: S }>();

  constructor(
    protected readonly name: string,
    private readonly help: string,
    private readonly type: string,
    private readonly labelNames: readonly N[],
  ) {
    if (labelNames.length === 0) this.of(NO_LABELS as Labels<N>);
  }

  protected abstract fresh(): S;
  protected abstract renderSeries(lines: string[], labels: string, state: S): void;

  protected of(labels: Labels<N>): S {
    const key = this.keyOf(labels);
    const held = this.byKey.get(key);
    if (held !== undefined) return held.state;
    if (this.byKey.size >= SERIES_LIMIT) {
      const other = Object.fromEntries(this.labelNames.map((name) => [name, 'other'])) as Labels<N>;
      const otherKey = this.keyOf(other);
      return this.byKey.get(otherKey)?.state ?? this.open(otherKey, other);
    }
    return this.open(key, labels);
  }

  render(lines: string[]): void {
    lines.push(`# HELP ${this.name} ${escapeHelp(this.help)}`, `# TYPE ${this.name} ${this.type}`);
    for (const { text, state } of this.byKey.values()) this.renderSeries(lines, text, state);
  }

  protected clear(): void {
    this.byKey.clear();
  }

  private keyOf(labels: Labels<N>): string {
    if (this.labelNames.length === 0) return '';
    if (this.labelNames.length === 1) return labels[this.labelNames[0]!];
    let key = '';
    for (const name of this.labelNames) key += `${labels[name]}\u0000`;
    return key;
  }

  private open(key: string, labels: Labels<N>): S {
    const text = this.labelNames.map((name) => `${name}="${escapeValue(String(labels[name]))}"`).join(',');
    const state = this.fresh();
    this.byKey.set(key, { text, state });
    return state;
  }
}

const sample = (name: string, labels: string, value: number): string =>
  `${name}${labels === '' ? '' : `{${labels}}`} ${formatNumber(value)}`;

interface Cell {
  value: number;
}

/** Only grows. `inc({outcome: 'timeout'})`; without labels `inc()` or `inc(undefined, 3)`. */
export class Counter<N extends string = never> extends Series<N, Cell> {
  constructor(name: string, help: string, labelNames: readonly N[]) {
    super(name, help, 'counter', labelNames);
  }
  inc(labels?: Labels<N>, by = 1): void {
    if (by >= 0) this.of(labels ?? (NO_LABELS as Labels<N>)).value += by;
  }
  value(labels?: Labels<N>): number {
    return this.of(labels ?? (NO_LABELS as Labels<N>)).value;
  }
  protected fresh(): Cell {
    return { value: 0 };
  }
  protected renderSeries(lines: string[], labels: string, cell: Cell): void {
    lines.push(sample(this.name, labels, cell.value));
  }
}

export class Gauge<N extends string = never> extends Series<N, Cell> {
  constructor(name: string, help: string, labelNames: readonly N[]) {
    super(name, help, 'gauge', labelNames);
  }
  set(value: number, labels?: Labels<N>): void {
    this.of(labels ?? (NO_LABELS as Labels<N>)).value = value;
  }
  add(by: number, labels?: Labels<N>): void {
    this.of(labels ?? (NO_LABELS as Labels<N>)).value += by;
  }
  value(labels?: Labels<N>): number {
    return this.of(labels ?? (NO_LABELS as Labels<N>)).value;
  }
  protected fresh(): Cell {
    return { value: 0 };
  }
  protected renderSeries(lines: string[], labels: string, cell: Cell): void {
    lines.push(sample(this.name, labels, cell.value));
  }
}

/** A gauge whose readings are taken when it is scraped; a reader that throws gives no readings. */
export class CallbackGauge<N extends string = never> extends Series<N, Cell> {
  constructor(
    name: string,
    help: string,
    labelNames: readonly N[],
    private readonly read: () => number | ReadonlyArray<Reading<N>>,
  ) {
    super(name, help, 'gauge', labelNames);
  }
  override render(lines: string[]): void {
    this.clear();
    try {
      const read = this.read();
      if (typeof read === 'number') this.of(NO_LABELS as Labels<N>).value = read;
      else for (const { labels, value } of read) this.of(labels).value = value;
    } catch {
      this.clear();
    }
    super.render(lines);
  }
  protected fresh(): Cell {
    return { value: 0 };
  }
  protected renderSeries(lines: string[], labels: string, cell: Cell): void {
    lines.push(sample(this.name, labels, cell.value));
  }
}

interface Distribution {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram<N extends string = never> extends Series<N, Distribution> {
  constructor(
    name: string,
    help: string,
    labelNames: readonly N[],
    private readonly buckets: readonly number[],
  ) {
    super(name, help, 'histogram', labelNames);
  }
  observe(value: number, labels?: Labels<N>): void {
    const state = this.of(labels ?? (NO_LABELS as Labels<N>));
    state.sum += value;
    state.count++;
    for (let index = 0; index < this.buckets.length; index++) {
      if (value <= this.buckets[index]!) {
        state.counts[index] = (state.counts[index] ?? 0) + 1;
        return;
      }
    }
  }
  protected fresh(): Distribution {
    return { counts: [], sum: 0, count: 0 };
  }
  protected renderSeries(lines: string[], labels: string, state: Distribution): void {
    const before = labels === '' ? '' : `${labels},`;
    let below = 0;
    this.buckets.forEach((bound, index) => {
      below += state.counts[index] ?? 0;
      lines.push(sample(`${this.name}_bucket`, `${before}le="${formatNumber(bound)}"`, below));
    });
    lines.push(sample(`${this.name}_bucket`, `${before}le="+Inf"`, state.count));
    lines.push(sample(`${this.name}_sum`, labels, state.sum), sample(`${this.name}_count`, labels, state.count));
  }
}
