import { type ConfigurationPage, type Page, type SourceRecord, type SourceView, sourceKey } from '@millrace/protocol';
import { type PageCursors, pageOf } from '@millrace/service-runtime';
import type { SourceViews } from './source-view';
import type { SourceReads, StoredSource } from './sources.ports';

type Listed = { readonly name: string } & (
  | { readonly kind: 'stored'; readonly source: StoredSource }
  | { readonly kind: 'fixed'; readonly record: SourceRecord }
);

/** Sources of a tenant by name: those that it has configured, and those of the service's environment among them. */
export class ListSources {
  constructor(
    private readonly reads: SourceReads,
    private readonly fixed: readonly SourceRecord[],
    private readonly views: SourceViews,
    private readonly cursors: PageCursors,
  ) {}

  page(tenant: string, query: ConfigurationPage): Promise<Page<SourceView>> {
    return pageOf(
      this.cursors,
      { tenant, name: 'sources' },
      query,
      (position, count) => this.read(tenant, position, count),
      ({ name }) => name,
      (one) => (one.kind === 'stored' ? this.views.of(one.source) : this.views.ofFixed(one.record)),
    );
  }

  /** Null where there is none. */
  async find(tenant: string, name: string): Promise<SourceView | null> {
    const fixed = this.fixed.find((record) => sourceKey(record.tenant, record.name) === sourceKey(tenant, name));
    if (fixed !== undefined) return this.views.ofFixed(fixed);
    const source = await this.reads.find(tenant, name);
    return source && this.views.of(source);
  }

  private async read(tenant: string, after: string | null, count: number): Promise<Listed[]> {
    const fixed = this.fixed
      .filter((record) => record.tenant === tenant && (after === null || record.name > after))
      .map((record): Listed => ({ kind: 'fixed', name: record.name, record }));
    const stored = (await this.reads.list(tenant, after, count)).map(
      (source): Listed => ({ kind: 'stored', name: source.name, source }),
    );
    return [...fixed, ...stored].sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, count);
  }
}
