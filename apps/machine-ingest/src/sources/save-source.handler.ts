import { type EncryptionKey, HIDDEN_VALUE } from '@millrace/domain';
import {
  encodeSource,
  encodeSourceIntake,
  encodeSourceState,
  type MachineAuditAction,
  type NewSource,
  type OutgoingMessage,
  pathText,
  type SavedSourceView,
  SOURCE_LIMITS,
  type SourceChanges,
  type SourceRecord,
  type SourceToTry,
  type SourceView,
  type TopicNames,
  type TriedSourceView,
} from '@millrace/protocol';
import { auditEntry, type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { type Logger, sourceChanged } from '@millrace/telemetry';
import type { MachineAuditEntry } from '../audit-log/audit-entry.entity';
import type { ReadySource, RegisteredKind, SourceRegistry, WrongSetting } from '../signal-intake/source-registry';
import { sharedMachines } from './shared-machines';
import { digestOf, type SoleSources } from './sole-sources';
import { changedMembers } from './source-change';
import {
  isGiven,
  keptPaths,
  memberAt,
  openSettings,
  type SourceSettings,
  sealSettings,
  withKept,
} from './source-settings';
import type { SourceTrial } from './source-trial';
import type { SourceViews } from './source-view';
import { ClaimTaken, type SourceReads, type SourceTransaction, type StoredSource } from './sources.ports';

export const noSuchSource = (): Refused => new Refused('not_found', 'There is no source of this name.');

export interface SourceTools {
  readonly registry: SourceRegistry;
  readonly trial: SourceTrial;
  readonly sole: SoleSources;
  readonly views: SourceViews;
  /** Sources of the service's environment. */
  readonly fixed: readonly SourceRecord[];
  readonly topics: Pick<TopicNames, 'sources' | 'sourceState'>;
  readonly encryptionKey: EncryptionKey;
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
  readonly logger: Logger;
}

const recordOf = (topic: string, source: StoredSource): OutgoingMessage => {
  const { tenant, name, type, enabled, version, settings } = source;
  return encodeSource(topic, source, {
    tenant,
    name,
    type,
    enabled,
    version,
    settings,
    createdAt: source.createdAt.getTime(),
  });
};

/** What is asked for, read by its kind; the secrets in the clear. */
interface Checked {
  readonly kind: RegisteredKind;
  readonly source: ReadySource;
  readonly settings: SourceSettings;
  /** Paths of secrets that were made here; the answer shows them. */
  readonly made: readonly string[];
}

/** Creates, changes and tries sources: what is saved has been read by its kind, judged by the guard, and mostly tried. */
export class SaveSource {
  constructor(
    private readonly writer: ConfigurationWriter<SourceTransaction>,
    private readonly reads: SourceReads,
    private readonly tools: SourceTools,
  ) {}

  async create(request: WriteRequest, asked: NewSource): Promise<SavedSourceView> {
    const { tools } = this;
    const { tenant } = request;
    const checked = this.check(asked.type, asked.settings, null);
    let seen: TriedSourceView | null = null;
    const saved = this.writer.write(
      request,
      async (tx) => {
        await tx.lock();
        if ((await tx.find(asked.name)) !== null) throw nameTaken(asked.name);
        const others = await tx.list();
        if (others.length >= SOURCE_LIMITS.perTenant)
          throw new Refused('conflict', `A tenant has at most ${SOURCE_LIMITS.perTenant} sources; delete one first.`);
        const at = new Date(tools.now());
        const source: StoredSource = {
          tenant,
          name: asked.name,
          type: asked.type,
          enabled: asked.enabled,
          version: 1,
          settings: this.seal(tenant, asked.name, checked),
          tried: seen !== null,
          claim: digestOf(checked.source.alone({ tenant, name: asked.name })),
          createdAt: at,
          updatedAt: at,
        };
        await tx.save(source);
        await tx.audit.insert(this.entry(request, source, 'source.created', source.enabled ? '' : ', switched off'));
        return {
          answer: this.saved(source, checked, seen, others),
          // A former source of this name may have left its state.
          records: [encodeSourceState(tools.topics.sourceState, source, null), recordOf(tools.topics.sources, source)],
          whenUnacknowledged: `The source ${asked.name} is stored and is read as soon as Kafka acknowledges it; look at it again.`,
          tell: () => this.tell(request, source, 'created'),
        };
      },
      async () => {
        if ((await this.reads.find(tenant, asked.name)) !== null) throw nameTaken(asked.name);
        await this.requireSole(checked.source, tenant, asked.name);
        if (asked.try) seen = await tools.trial.run(checked.source, { tenant, name: asked.name });
        else await tools.trial.requireReach(checked.source, tenant);
      },
    );
    return saved.catch((error) => this.refuseTaken(error, checked.source, tenant, asked.name));
  }

  async change(request: WriteRequest, name: string, asked: SourceChanges): Promise<SavedSourceView> {
    const { tools } = this;
    const { tenant } = request;
    const before = await this.reads.find(tenant, name);
    if (before === null) throw noSuchSource();
    const checked = asked.settings === undefined ? null : this.check(before.type, asked.settings, before);
    // Its claim is made at each change: a release that knows none may have saved the settings.
    const ready = checked?.source ?? tools.sole.readyOf(before);
    let claim = before.claim;
    let seen: TriedSourceView | null = null;
    const saved = this.writer.write(
      request,
      async (tx) => {
        await tx.lock();
        const former = await tx.find(name);
        if (former === null) throw noSuchSource();
        if (former.version !== before.version)
          throw new Refused('conflict', `The source ${name} was changed meanwhile; look at it and try again.`);
        const source: StoredSource = {
          ...former,
          enabled: asked.enabled ?? former.enabled,
          version: former.version + 1,
          ...(checked === null ? {} : { settings: this.seal(tenant, name, checked), tried: seen !== null }),
          claim,
          updatedAt: new Date(tools.now()),
        };
        await tx.save(source);
        for (const entry of this.entriesOfChange(request, former, source, asked)) await tx.audit.insert(entry);
        return {
          answer: this.saved(source, checked, seen, await tx.list()),
          records: [recordOf(tools.topics.sources, source)],
          whenUnacknowledged: `The change of ${name} is stored and takes effect as soon as Kafka acknowledges it; look at it again.`,
          tell: () => this.tell(request, source, 'updated'),
        };
      },
      async () => {
        if (ready === null) return;
        const wrong = await this.notSole(ready, tenant, name);
        // Of two that have the same already, one can be switched off.
        const isSwitchedOff = checked === null && !(asked.enabled ?? before.enabled);
        if (wrong !== null && !isSwitchedOff) throw wrongSetting(wrong.path, wrong.detail);
        claim = wrong === null ? digestOf(ready.alone({ tenant, name })) : null;
        if (checked === null) return;
        if (asked.try) seen = await tools.trial.run(checked.source, { tenant, name });
        else await tools.trial.requireReach(checked.source, tenant);
      },
    );
    return saved.catch((error) => this.refuseTaken(error, ready, tenant, name));
  }

  async delete(request: WriteRequest, name: string): Promise<void> {
    const { topics } = this.tools;
    await this.writer.write(request, async (tx) => {
      await tx.lock();
      const source = await tx.find(name);
      if (source === null) throw noSuchSource();
      await tx.delete(name);
      await tx.audit.insert(this.entry(request, source, 'source.deleted'));
      return {
        answer: null,
        records: [
          encodeSource(topics.sources, source, null),
          encodeSourceState(topics.sourceState, source, null),
          encodeSourceIntake(topics.sourceState, source, null),
        ],
        whenUnacknowledged: `The source ${name} is deleted, and is read until Kafka acknowledges that.`,
        tell: () => this.tell(request, source, 'deleted'),
      };
    });
  }

  /** Saves nothing. */
  async try(tenant: string, asked: SourceToTry): Promise<TriedSourceView> {
    const former = asked.name === undefined ? null : await this.reads.find(tenant, asked.name);
    if (asked.name !== undefined && former === null) throw noSuchSource();
    const checked = this.check(asked.type, asked.settings, former?.type === asked.type ? former : null);
    return this.tools.trial.run(checked.source, { tenant, name: asked.name ?? 'try' });
  }

  /** Throws Refused for a kind that is not there, and for settings that are not as it takes them. */
  private check(type: string, given: SourceSettings, former: StoredSource | null): Checked {
    const { registry } = this.tools;
    const kind = registry.find(type);
    if (kind === null) {
      const known = registry.all().map((one) => one.type);
      const detail = `is not a kind of source of this release; available: ${known.join(', ')}`;
      throw new Refused('invalid_request', `The body is not valid, type: ${detail}`, [{ path: 'type', detail }]);
    }
    const nothing = { hidden: [], leftOut: [] };
    const { hidden, leftOut } = former === null ? nothing : keptPaths(kind.secrets, given, former.settings);
    for (const path of kind.secrets)
      if (memberAt(given, path) === HIDDEN_VALUE && !hidden.includes(path))
        throw wrongSetting(path, `must be given: ${HIDDEN_VALUE} keeps the one that is there, and there is none`);
    const opened = hidden.length + leftOut.length === 0 ? null : this.open(former!, kind);
    const keeping = (kept: readonly string[]) => {
      const settings = opened === null ? given : withKept(given, opened, kept);
      return { kept, settings, read: kind.read(settings) };
    };
    const withAll = keeping([...hidden, ...leftOut]);
    // What is left out may belong to another way of logging in, which does not fit the new one.
    const fitting = withAll.read.kind === 'wrong' && leftOut.length > 0 ? keeping(hidden) : withAll;
    const { kept, settings, read } = fitting.read.kind === 'ready' ? fitting : withAll;
    if (read.kind === 'wrong') throw wrongSettings(read.wrong);
    if (opened !== null && kept.length > 0) this.requireSamePlace(kind, read.source, opened, kept[0]!);
    const made = kind.shownOnce.filter(
      (path) => !isGiven(memberAt(settings, path)) && isGiven(memberAt(read.source.settings, path)),
    );
    return {
      kind,
      source: read.source,
      settings: withKept(settings, read.source.settings as SourceSettings, made),
      made,
    };
  }

  private saved(
    source: StoredSource,
    checked: Checked | null,
    seen: TriedSourceView | null,
    stored: readonly StoredSource[],
  ): SavedSourceView {
    const { views, fixed } = this.tools;
    const view = this.viewWithMade(source, checked);
    const others = [
      ...stored.map((one) => views.of(one)),
      ...fixed.filter(({ tenant }) => tenant === source.tenant).map((one) => views.ofFixed(one)),
    ];
    return { ...view, seen, warnings: sharedMachines(view, others) };
  }

  private viewWithMade(source: StoredSource, checked: Checked | null): SourceView {
    const view = this.tools.views.of(source);
    const shown = checked === null ? view.settings : withKept(view.settings, checked.settings, checked.made);
    return { ...view, settings: shown };
  }

  private open(former: StoredSource, kind: RegisteredKind): SourceSettings {
    try {
      return openSettings(this.tools.encryptionKey, former, kind.secrets, former.settings);
    } catch {
      throw new Refused(
        'conflict',
        'The secrets of the source do not open with the key of this site; give them again.',
      );
    }
  }

  /** Otherwise whoever may change a source could have its secrets sent to a host of their own. */
  private requireSamePlace(kind: RegisteredKind, source: ReadySource, former: SourceSettings, path: string): void {
    const read = kind.read(former);
    const places = (of: ReadySource) => JSON.stringify(of.reaches.map(({ path: _, ...place }) => place));
    if (read.kind === 'ready' && places(read.source) !== places(source))
      throw wrongSetting(path, 'must be given again, because the source leads to another place now');
  }

  private notSole(source: ReadySource, tenant: string, name: string): ReturnType<SoleSources['against']> {
    const own = () => this.reads.list(tenant, null, SOURCE_LIMITS.perTenant);
    return this.tools.sole.against(source, { tenant, name }, own);
  }

  private async requireSole(source: ReadySource, tenant: string, name: string): Promise<void> {
    const wrong = await this.notSole(source, tenant, name);
    if (wrong !== null) throw wrongSetting(wrong.path, wrong.detail);
  }

  /** Of two that are saved at once the index lets one in; the other is told what it would have been told a moment later. */
  private async refuseTaken(error: unknown, source: ReadySource | null, tenant: string, name: string): Promise<never> {
    if (!(error instanceof ClaimTaken) || source === null) throw error;
    await this.requireSole(source, tenant, name);
    const { path, what } = source.alone({ tenant, name })!;
    throw wrongSetting(path, `another source of this site has ${what}`);
  }

  private seal(tenant: string, name: string, { kind, settings }: Checked): SourceSettings {
    const { encryptionKey, random } = this.tools;
    return sealSettings(encryptionKey, random, { tenant, name }, kind.secrets, settings);
  }

  /** `nth`: entries of one request are a millisecond apart, since those of the same one are listed in any order. */
  private entry(
    request: WriteRequest,
    source: StoredSource,
    action: MachineAuditAction,
    what = '',
    nth = 0,
  ): MachineAuditEntry {
    const detail = `${source.type}, version ${source.version}${what}`;
    const { random, now } = this.tools;
    return auditEntry({ random, now: () => now() + nth }, request, { action, object: source.name, detail });
  }

  private entriesOfChange(
    request: WriteRequest,
    former: StoredSource,
    source: StoredSource,
    { settings }: SourceChanges,
  ): MachineAuditEntry[] {
    const entries: MachineAuditEntry[] = [];
    if (settings !== undefined) {
      const secrets = this.tools.registry.find(source.type)?.secrets ?? [];
      const changed = changedMembers(secrets, former.settings, source.settings, settings);
      const what = changed.length === 0 ? ', the same settings again' : `, new: ${changed.join(', ')}`;
      entries.push(this.entry(request, source, 'source.changed', what));
    }
    if (former.enabled !== source.enabled) {
      const action = source.enabled ? 'source.switched_on' : 'source.switched_off';
      entries.push(this.entry(request, source, action, '', entries.length));
    }
    return entries;
  }

  private tell(request: WriteRequest, source: StoredSource, change: 'created' | 'updated' | 'deleted'): void {
    const { tenant, name, type, version } = source;
    sourceChanged(this.tools.logger, { tenant, source: name, type, change, version, actor: request.actor });
  }
}

const nameTaken = (name: string): Refused =>
  new Refused('conflict', `There is a source ${name}; change it with PATCH /v1/sources/${name}, or take another name.`);

const wrongSetting = (path: string, detail: string): Refused =>
  new Refused('invalid_request', `The body is not valid, settings.${path}: ${detail}`, [
    { path: `settings.${path}`, detail },
  ]);

const ERRORS_SHOWN = 20;

const wrongSettings = (wrong: readonly WrongSetting[]): Refused => {
  const errors = wrong
    .map(({ path, detail }) => ({ path: pathText(['settings', ...path]), detail }))
    .slice(0, ERRORS_SHOWN);
  const [first] = errors;
  return new Refused('invalid_request', `The body is not valid, ${first?.path}: ${first?.detail}`, errors);
};
