import { createHash } from 'node:crypto';
import { SIGNAL_LIMITS } from '@millrace/domain';
import type { NodeName } from './machine-routes';
import type { BornLife, NodeMessage } from './node-state';

/** `<group>/<node>/<bdSeq>/<time of the birth>`. */
export const sessionName = (name: NodeName, bdSeq: string | null, born: string): string =>
  fitting(`${name.group}/${name.node}/${bdSeq ?? '-'}/${born}`);

/** Session of what is said of a node that has not been born. */
export const nodeText = ({ group, node }: NodeName): string => fitting(`${group}/${node}`);

/**
 * Session under which a message is numbered: that of the birth where another process that reads the message again counts
 * it alike, else one of this process alone, which no other uses.
 */
export const numberingOf = (
  { session, own, exact }: Pick<BornLife, 'session' | 'own' | 'exact'>,
  { original: { qos } }: NodeMessage,
): string => (exact && qos > 0 ? session : fitting(`${session}/${own}`));

/** Session beside another one, for what is numbered by itself. */
export const besides = (session: string, what: string): string => fitting(`${session}/${what}`);

/** Data at QoS 0: who was not there has not heard them, and nobody sends them again. */
export const isUnkept = ({ type, original: { qos } }: NodeMessage): boolean =>
  qos === 0 && (type === 'NDATA' || type === 'DDATA');

const fitting = (text: string): string =>
  text.length <= SIGNAL_LIMITS.sessionLength ? text : createHash('sha256').update(text).digest('hex');
