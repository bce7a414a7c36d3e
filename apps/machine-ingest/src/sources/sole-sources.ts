import { createHash } from 'node:crypto';
import type { EncryptionKey } from '@millrace/domain';
import type { SourceClaim } from '../signal-intake/source-kind';
import type { ReadySource, SourceRegistry } from '../signal-intake/source-registry';
import type { SourceDirectory } from '../signal-intake/source-views';
import { openSettings, type SourceSettings } from './source-settings';

/** A source as it is stored, or as its topic has it. */
interface OtherSource {
  readonly tenant: string;
  readonly name: string;
  readonly type: string;
  readonly settings: SourceSettings;
}

/** As it is stored: a peer's address and the name of its client may be longer than an index takes. */
export const digestOf = (claim: SourceClaim | null): string | null =>
  claim === null ? null : createHash('sha256').update(claim.key).digest('hex');

/** Of two sources that would have the same of a peer, such as one session of a broker, the second is not saved. */
export class SoleSources {
  constructor(
    private readonly registry: Pick<SourceRegistry, 'find'>,
    private readonly directory: Pick<SourceDirectory, 'all' | 'fixed'>,
    private readonly encryptionKey: EncryptionKey,
  ) {}

  /**
   * Why `source` cannot be beside the others of the site; null where it can.
   *
   * @param own those of its tenant as they are stored: the directory hears of them a little later
   */
  async against(
    source: ReadySource,
    owner: { readonly tenant: string; readonly name: string },
    own: () => Promise<readonly OtherSource[]>,
  ): Promise<{ readonly path: string; readonly detail: string } | null> {
    const claim = source.alone(owner);
    if (claim === null) return null;
    const { tenant, name } = owner;
    const foreign = [...this.directory.all()].filter((one) => one.tenant !== tenant);
    const besides = [...(await own()), ...this.directory.fixed.filter((one) => one.tenant === tenant)];
    const other = [...besides.filter((one) => one.name !== name), ...foreign].find(
      (one) => this.claimOf(one)?.key === claim.key,
    );
    if (other === undefined) return null;
    // Names of another tenant are its own affair.
    const who = other.tenant === tenant ? `the source ${other.name}` : 'another source of this site';
    return { path: claim.path, detail: `${who} has ${claim.what}` };
  }

  /** Null for a source that does not run: this release does not know its kind or settings, or they are sealed with another key. */
  readyOf(stored: OtherSource): ReadySource | null {
    const kind = this.registry.find(stored.type);
    if (kind === null) return null;
    try {
      const read = kind.read(openSettings(this.encryptionKey, stored, kind.secrets, stored.settings));
      return read.kind === 'ready' ? read.source : null;
    } catch {
      return null;
    }
  }

  private claimOf(other: OtherSource): SourceClaim | null {
    return this.readyOf(other)?.alone(other) ?? null;
  }
}
