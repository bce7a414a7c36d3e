import type { TriedSourceView } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { SourceProblem } from '../signal-intake/source-kind';
import type { ReadySource } from '../signal-intake/source-registry';
import type { ReachGuard } from '../source-reach/reach-guard';

export interface SourceTrialParts {
  readonly guard: Pick<ReachGuard, 'judge' | 'lookupFor'>;
  readonly folderOf: (tenant: string, name: string) => string;
  readonly logger: Logger;
  /** How long one may take, ms. */
  readonly withinMs: number;
}

const SEEN = 50;

const inSettings = (path: string | null): string => (path === null || path === '' ? 'settings' : `settings.${path}`);

/** Looks whether a source can be read at all, before it is saved. */
export class SourceTrial {
  constructor(private readonly parts: SourceTrialParts) {}

  /** Throws Refused `destination_not_allowed` for a place that sources may not reach. */
  async requireReach(source: ReadySource, tenant: string): Promise<void> {
    const judged = await this.parts.guard.judge(tenant, source.reaches);
    if (judged.kind === 'refused')
      throw new Refused('destination_not_allowed', judged.detail, [
        { path: inSettings(judged.path), detail: judged.detail, code: 'destination_not_allowed' },
      ]);
  }

  /** Connects once. Throws Refused `source_failed` with what was wrong and where, and as {@link requireReach}. */
  async run(source: ReadySource, owner: { readonly tenant: string; readonly name: string }): Promise<TriedSourceView> {
    await this.requireReach(source, owner.tenant);
    const { guard, folderOf, logger, withinMs } = this.parts;
    const limit = AbortSignal.timeout(withinMs);
    const late = new Promise<never>((_, reject) => {
      limit.addEventListener('abort', () =>
        reject(new SourceProblem('timeout', `The peer has not answered within ${withinMs / 1_000} s.`)),
      );
    });
    try {
      const tried = source.tryOnce({
        signal: limit,
        logger: logger.child({ tenant: owner.tenant, source: owner.name, try: true }),
        folder: folderOf(owner.tenant, owner.name),
        lookup: guard.lookupFor(source.reaches),
      });
      const { summary, seen } = await Promise.race([tried, late]);
      return { summary, seen: seen.slice(0, SEEN).map((one) => ({ ...one })) };
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error;
      throw new Refused('source_failed', error.message, [
        { path: inSettings(error.path), detail: error.message, code: error.code },
      ]);
    }
  }
}
