import type { RecoveryView } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';
import type { EndpointCondition } from '../endpoints/endpoint-condition';
import { statusOf } from '../endpoints/endpoint-view';
import type { EndpointReads } from '../endpoints/endpoints.ports';
import type { RecoveryReads } from './recoveries.ports';
import { hasEnded, type Recovery } from './recovery';
import { viewOfRecovery } from './recovery-view';

export const noSuchRecovery = (): Refused => new Refused('not_found', 'There is no recovery with this id.');

const LOOK_EVERY_MS = 100;

/** What the calls about recovery jobs answer: the rows, which the progress of the delivery service arrives in. */
export class RecoveryAnswers {
  constructor(
    private readonly recoveries: RecoveryReads,
    private readonly endpoints: Pick<EndpointReads, 'findMany'>,
    private readonly conditionOf: (endpointId: string) => EndpointCondition | null,
    /** How long a call waits for progress, in ms. */
    private readonly waitMs: number,
  ) {}

  async one(tenant: string, id: string): Promise<RecoveryView> {
    return this.viewOf(tenant, await this.find(tenant, id));
  }

  /** In the order given. */
  async all(tenant: string, recoveries: readonly Recovery[]): Promise<RecoveryView[]> {
    const ids = [...new Set(recoveries.map(({ endpointId }) => endpointId))];
    const endpoints = ids.length === 0 ? [] : await this.endpoints.findMany(tenant, ids);
    const statuses = new Map(
      endpoints.map((endpoint) => [endpoint.id, statusOf(endpoint, this.conditionOf(endpoint.id)).status]),
    );
    return recoveries.map((recovery) => viewOfRecovery(recovery, statuses.get(recovery.endpointId) ?? 'deleted'));
  }

  /** The job once it has its counts, or as it is when the wait is over. */
  whenCounted(tenant: string, id: string): Promise<RecoveryView> {
    return this.when(tenant, id, ({ state }) => state !== 'counting');
  }

  /** The job once the delivery service follows the latest order, or as it is when the wait is over. */
  whenFollowed(tenant: string, id: string): Promise<RecoveryView> {
    return this.when(tenant, id, (recovery) => hasEnded(recovery) || recovery.progressVersion >= recovery.version);
  }

  /** Looks at the row, because any process of this service may be the one that hears of the progress. */
  private async when(tenant: string, id: string, ready: (recovery: Recovery) => boolean): Promise<RecoveryView> {
    const giveUpAt = performance.now() + this.waitMs;
    let recovery = await this.find(tenant, id);
    while (!ready(recovery) && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      recovery = await this.find(tenant, id);
    }
    return this.viewOf(tenant, recovery);
  }

  private async find(tenant: string, id: string): Promise<Recovery> {
    const recovery = await this.recoveries.find(tenant, id);
    if (!recovery) throw noSuchRecovery();
    return recovery;
  }

  private async viewOf(tenant: string, recovery: Recovery): Promise<RecoveryView> {
    const [view] = await this.all(tenant, [recovery]);
    return view!;
  }
}
