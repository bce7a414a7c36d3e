import type { MappingToTest, MappingTrialView, MappingValidationView } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';
import { noSuchMapping } from './activate-mapping.handler';
import type { KnownWorlds } from './known-world';
import { unusable, validationOf } from './mapping-document';
import type { MappingReads } from './mappings.ports';
import type { MappingDocument, MappingWork } from './work/mapping-work';

/** What signals would have told under a mapping: the fold itself, over signals that lie nowhere. */
export class TryMapping {
  /** @param reads asked only for a mapping that is named */
  constructor(
    private readonly reads: () => MappingReads,
    private readonly work: MappingWork,
    private readonly worlds: Pick<KnownWorlds, 'warningsOf'>,
  ) {}

  /** The view (`MappingTrialView`) as JSON in UTF-8. */
  async handle(tenant: string, { signals, afterEndMs, ...asked }: MappingToTest): Promise<Uint8Array> {
    const outcome = await this.work.run({
      kind: 'trial',
      tenant,
      document: await this.document(tenant, asked),
      signals:
        typeof signals === 'string'
          ? { kind: 'ndjson', text: signals }
          : // One text passes to another thread in a fraction of the time that 100,000 objects take.
            { kind: 'list', text: JSON.stringify(signals) },
      afterEndMs,
    });
    switch (outcome.kind) {
      case 'refused':
        throw unusable(outcome);
      case 'too-large':
        throw new Refused('invalid_request', `The body is not valid, signals: ${outcome.detail}`, [
          { path: 'signals', detail: outcome.detail },
        ]);
      case 'tried':
        return withWarnings(outcome.json, await this.worlds.warningsOf(tenant, outcome));
    }
  }

  async validate(tenant: string, document: MappingDocument): Promise<MappingValidationView> {
    const check = await this.work.run({ kind: 'check', tenant, document });
    return validationOf(check, check.kind === 'refused' ? [] : await this.worlds.warningsOf(tenant, check));
  }

  private async document(
    tenant: string,
    { mapping, name, version }: Pick<MappingToTest, 'mapping' | 'name' | 'version'>,
  ): Promise<Pick<MappingDocument, 'format' | 'text'>> {
    if (typeof mapping === 'string') return { format: 'yaml', text: mapping };
    if (mapping !== undefined) return { format: 'json', text: JSON.stringify(mapping, null, 2) };
    const stored =
      version === undefined
        ? (await this.reads().find(tenant, name!))?.version
        : await this.reads().version(tenant, name!, version);
    if (stored === undefined || stored === null) throw noSuchMapping();
    return stored;
  }
}

/** Put before the members of a text that is not read for it: it may be one of 100,000 events. */
const withWarnings = (json: Uint8Array, warnings: MappingTrialView['warnings']): Uint8Array =>
  Buffer.concat([Buffer.from(`{"warnings":${JSON.stringify(warnings)},`), json.subarray(1)]);
