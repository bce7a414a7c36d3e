import type { DataCheck } from '@millrace/event-schema';
import { jsonSignalValue } from '../../exact-json';
import { bundleEndedAt } from './bundle-time';
import type { SettingsOf } from './http-source-settings';
import { memberOf, readJsonObject } from './json-body';
import { type MessageContext, type MessageReading, refusedMessage } from './message-reading';
import { messageSignal } from './message-signal';

/** Path of the signal whose value is a whole BundleResult. */
export const BUNDLE_PATH = 'bundle';
const CODE_LENGTH = 128;

/**
 * The webhook "Bundle Complete" of Eclipse Pro: the body is the BundleResult, without an envelope. Only what makes it
 * impossible to say which bundle and which machine it is about refuses it; what does not fit the event's schema otherwise is
 * told and taken, since Eclipse Pro would repeat a refused bundle for 30 days and then drop it.
 */
export const readBundleMessage = (
  body: Buffer,
  settings: Pick<SettingsOf<'eclipse-bundle'>, 'machine' | 'machines' | 'timeZone'>,
  context: MessageContext,
  /** Of the event type `bundle.completed`. */
  check: DataCheck,
): MessageReading => {
  const read = readJsonObject(body);
  if (read.kind === 'refused') return read;
  const code = memberOf(read.members, 'BundleCode');
  if (typeof code !== 'string' || code === '' || code.length > CODE_LENGTH)
    return refusedMessage(
      'invalid_request',
      `BundleCode must be text of 1 to ${CODE_LENGTH} characters: it says which bundle this is.`,
    );
  const number = memberOf(read.members, 'FinalMachineNumber');
  const machine = machineOf(number, settings);
  if (machine === null)
    return refusedMessage(
      'invalid_request',
      `FinalMachineNumber is ${String(JSON.stringify(number)).slice(0, 40)}, which the source's \`machines\` does not have, and it has no default \`machine\`.`,
    );
  const unfit = check(read.members);
  const endedAt = bundleEndedAt(read.members, settings.timeZone, context.receivedAt);
  const signal = messageSignal(context, {
    machine,
    path: BUNDLE_PATH,
    value: jsonSignalValue(read.text),
    sourceTs: endedAt,
    clock: 'eclipse',
    ref: `bundle:${code}`,
  });
  return {
    kind: 'signals',
    signals: [signal],
    rejected: [],
    warnings: [...(unfit === null ? [] : [unfit]), ...untimely(read.members, endedAt, settings.timeZone)],
  };
};

/** The event then has the time of receipt, which is hours off for a bundle that is sent again. */
const untimely = (
  members: { readonly [name: string]: unknown },
  endedAt: string | null,
  timeZone: string,
): Array<{ readonly path: string; readonly detail: string }> => {
  const written = memberOf(members, 'EndTime');
  if (endedAt !== null || written === undefined || written === null) return [];
  const said = String(JSON.stringify(written)).slice(0, 60);
  const detail = `is ${said}, which is no time of ${timeZone} such as 2026-02-17T09:30:00; the time of receipt is taken`;
  return [{ path: 'data.EndTime', detail }];
};

const machineOf = (
  number: unknown,
  { machine, machines }: Pick<SettingsOf<'eclipse-bundle'>, 'machine' | 'machines'>,
): string | null => {
  const name = typeof number === 'number' ? String(number) : '';
  return Object.hasOwn(machines, name) ? machines[name]! : machine;
};
