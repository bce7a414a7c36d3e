import type { Signal } from '@millrace/domain';
import { flagsOfMessage } from '../../message-age';
import { newSignal } from '../../new-signal';
import type { MessageContext } from './message-reading';

/**
 * A whole message as one signal, for a passthrough rule. The peer numbers nothing: what tells a repeat from a new fact is the
 * message itself, by the key of that rule.
 */
export const messageSignal = (
  { tenant, source, receivedAt }: MessageContext,
  message: Pick<Signal, 'machine' | 'path' | 'value' | 'sourceTs' | 'clock'> & { readonly ref: string },
): Signal =>
  newSignal({
    tenant,
    machine: message.machine,
    source,
    session: '',
    path: message.path,
    kind: 'event',
    value: message.value,
    type: 'json',
    sourceTs: message.sourceTs,
    receivedAt,
    clock: message.clock,
    flags: flagsOfMessage(message.sourceTs, receivedAt),
    raw: { proto: 'http', ref: message.ref.slice(0, 200) },
  });
