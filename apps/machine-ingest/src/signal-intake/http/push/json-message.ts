import { isMachineName, isTimestamp, type Signal } from '@millrace/domain';
import { type JsonLeaf, jsonLeaves, MAX_LEAVES } from '../../json-leaves';
import { newSignal } from '../../new-signal';
import type { SettingsOf } from './http-source-settings';
import { readJsonObject } from './json-body';
import { type MessageContext, type MessageReading, refusedMessage } from './message-reading';

type JsonSettings = Pick<SettingsOf<'json'>, 'machine' | 'machineMember' | 'timestampMember'>;

/** One JSON document as a machine's values: each scalar is a signal, under the path that leads to it. */
export const readJsonMessage = (
  body: Buffer,
  settings: JsonSettings,
  context: MessageContext & {
    /** Session of a request that came with an Idempotency-Key. */
    readonly repeatable: string | null;
  },
): MessageReading => {
  const read = readJsonObject(body);
  if (read.kind === 'refused') return read;
  const found = jsonLeaves(read.text);
  if (found === null) return refusedMessage('too_large', `The message has more than ${MAX_LEAVES} values.`);
  const named = (path: string | null) => (path === null ? undefined : found.leaves.find((leaf) => leaf.path === path));
  const machine = named(settings.machineMember)?.value ?? settings.machine;
  if (typeof machine !== 'string' || !isMachineName(machine))
    return refusedMessage(
      'invalid_request',
      `The message does not name its machine: ${settings.machineMember ?? 'machine'} is ${String(JSON.stringify(machine)).slice(0, 60)}.`,
    );
  const stamp = named(settings.timestampMember)?.value;
  if (stamp !== undefined && stamp !== null && (typeof stamp !== 'string' || !isTimestamp(stamp)))
    return refusedMessage(
      'invalid_request',
      `${settings.timestampMember} is ${JSON.stringify(stamp).slice(0, 60)}, which is not an RFC 3339 time.`,
    );
  const apart = [settings.machineMember, settings.timestampMember];
  const values = found.leaves.filter(({ path }) => !apart.includes(path));
  if (values.length === 0) return refusedMessage('invalid_request', 'The message has no values.');
  return {
    kind: 'signals',
    signals: values.map((leaf, index) => signalOf(leaf, index, machine, stamp ?? null, context)),
    rejected: found.rejected.map(({ path, detail }) => ({ index: 0, path, code: 'invalid_signal', detail })),
    warnings: [],
  };
};

const signalOf = (
  { path, value, type }: JsonLeaf,
  index: number,
  machine: string,
  sourceTs: string | null,
  context: MessageContext & { readonly repeatable: string | null },
): Signal =>
  newSignal({
    tenant: context.tenant,
    machine,
    source: context.source,
    session: context.repeatable ?? '',
    seq: context.repeatable === null ? null : index,
    path,
    kind: 'event',
    value,
    type,
    quality: value === null ? 'bad' : 'good',
    sourceTs,
    receivedAt: context.receivedAt,
    clock: 'device',
    raw: { proto: 'http', ref: `member:${path}`.slice(0, 200) },
  });
