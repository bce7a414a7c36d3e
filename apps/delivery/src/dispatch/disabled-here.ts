import type { Endpoint } from '@millrace/domain';

/** Versions of endpoints that were disabled here and whose new status has not come back through the directory yet. */
export class DisabledHere {
  private readonly versions = new Map<string, number>();

  /** Requests that left before an endpoint changed may answer after those that left since. */
  note({ id, version }: Endpoint): void {
    this.versions.set(id, Math.max(version, this.versions.get(id) ?? 0));
  }

  /** Of an endpoint as the directory has it. A version after the one that was disabled speaks for itself. */
  has({ id, version }: Endpoint): boolean {
    const disabled = this.versions.get(id);
    if (disabled === undefined) return false;
    if (version <= disabled) return true;
    this.versions.delete(id);
    return false;
  }
}
