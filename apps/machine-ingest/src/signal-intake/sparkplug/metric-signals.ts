import type { SignalFlag } from '@millrace/domain';
import type { WireMetric } from '@millrace/sparkplug';
import { newSignal } from '../new-signal';
import { type Definitions, NODE_PREFIX, readMetric } from './metric-reading';
import type { NodeMessage, Place } from './node-state';
import { type NodeTurn, PLACES } from './node-turn';

/** A machine that hears metrics. */
interface Target {
  readonly machine: string;
  /** Before the names of metrics. */
  readonly prefix: string;
}

/** Who hears the metrics of a device, or of the node itself, and under which names. */
export const targetsOf = (turn: NodeTurn, device: string | null): Target[] => {
  const { name, routes } = turn.rules;
  if (device !== null) {
    const machine = routes.ofDevice(name, device);
    return machine === null ? [] : [{ machine, prefix: '' }];
  }
  const own = routes.ofNode(name);
  return turn.machines.map((machine) => ({ machine, prefix: machine === own ? '' : NODE_PREFIX }));
};

/** Writes signals; returns the indexes of the metrics that only a birth can explain. */
export const tellMetrics = (
  { rules, now, born, effects }: NodeTurn,
  metrics: readonly WireMetric[],
  definitions: Definitions,
  of: {
    readonly message: Pick<NodeMessage, 'type'> & {
      readonly payload: { readonly timestamp: number | null };
      readonly original?: NodeMessage['original'];
    };
    readonly targets: readonly Target[];
    readonly place: Place | null;
    readonly flags: readonly SignalFlag[];
    readonly only?: readonly number[] | null;
  },
): number[] => {
  const unknown: number[] = [];
  const { message, targets, place, only } = of;
  const session = place?.session ?? born.session;
  for (let index = 0; index < metrics.length; index++) {
    if (only !== null && only !== undefined && !only.includes(index)) continue;
    const read = readMetric(metrics[index]!, definitions, message.payload.timestamp);
    if (read.kind === 'unknown') unknown.push(index);
    if (read.kind === 'refused' && message.original !== undefined)
      effects.refuse(message.original, 'invalid_metric', read.detail);
    if (read.kind !== 'signal') continue;
    const { datatype, ...said } = read.signal;
    if (said.flags.includes('type_changed')) effects.count('typeChanges');
    const receivedAt = message.original?.receivedAt ?? now;
    for (const { machine, prefix } of targets)
      effects.signals.push(
        newSignal({
          ...said,
          tenant: rules.place.tenant,
          machine,
          source: rules.place.source,
          session,
          seq: place === null ? null : place.seq * PLACES + index + 1,
          path: `${prefix}${said.path}`,
          kind: 'event',
          receivedAt,
          flags: [...said.flags, ...of.flags],
          raw: { proto: rules.place.proto, ref: `${message.type}#${index}:${datatype}` },
        }),
      );
  }
  return unknown;
};
