import { admission } from '@millrace/domain';
import type { DisabledHere } from '../dispatch/disabled-here';
import type { DispatchPorts, DispatchWork } from '../dispatch/dispatch.ports';
import type { EndpointStates } from '../dispatch/endpoint-states';
import type { Lanes } from '../dispatch/lanes';
import type { OwnedEndpoint, OwnedPartition } from '../dispatch/owned-endpoint';

/** Records of a deleted endpoint that are brought back at one time, to be ended. */
const ENDED_AT_ONCE = 200;
/** Records of one endpoint brought back beyond what may be in flight, so that a place never waits for a read. */
const READ_AHEAD = 2;

/** How much of what is parked may come back now. */
export class ReleaseRoom {
  /** @param mostWaiting of one endpoint, records that wait behind their key and are remembered one by one */
  constructor(
    private readonly mostWaiting: number,
    private readonly ports: Pick<DispatchPorts, 'directory' | 'position' | 'now' | 'ticks'>,
    private readonly parts: {
      readonly lanes: Lanes<DispatchWork>;
      readonly endpoints: EndpointStates;
      readonly disabledHere: DisabledHere;
    },
  ) {}

  /** How many more records of the endpoint can be used now. */
  of(state: OwnedEndpoint): number {
    const { lanes, endpoints, disabledHere } = this.parts;
    const entry = this.ports.directory.get(state.id);
    const load = lanes.loadOf(state.id);
    if (!entry) return ENDED_AT_ONCE - state.parked.claimed + state.order.waiting + state.deferred.count;
    const { endpoint } = entry;
    if (endpoint.status !== 'active' || disabledHere.has(endpoint)) return 0;
    endpoints.follow(state, endpoint);
    if (state.lockedVersion === endpoint.version || lanes.rests(state.id, this.ports.ticks())) return 0;
    // A head that is parked somewhere has to be found, however much waits before it.
    if (state.order.waiting >= this.mostWaiting && state.ready.length === 0 && !state.order.missesHeads) return 0;
    const admitted = admission(state.health, this.ports.now());
    if (admitted.kind === 'wait') return 0;
    if (admitted.kind === 'probe') return load === 0 ? 1 : 0;
    const wanted = lanes.limitOf(state.id) * READ_AHEAD;
    // Several at a time: looking for each by itself would cost more than sending it.
    return load * 2 > wanted ? 0 : wanted - load;
  }

  /** Where order is kept, what is parked waits until every record before it has been handed out. */
  horizon(state: OwnedEndpoint, { partition }: OwnedPartition): number {
    const ordering = this.ports.directory.get(state.id)?.endpoint.ordering ?? 'none';
    return ordering === 'none' ? Number.POSITIVE_INFINITY : (this.ports.position(partition) ?? 0);
  }
}
