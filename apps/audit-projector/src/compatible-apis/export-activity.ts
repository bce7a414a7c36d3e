import type { AttemptView, DeliveryDetailView, ExportEventDetailView, ExportEventView } from '@millrace/protocol';

/** What tells a bundle from others, of its JSON text; null where the text is not kept or is no bundle. */
export const bundleOf = (data: string | null): ExportEventView['bundle'] => {
  if (data === null) return null;
  const parsed: unknown = JSON.parse(data);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
  const text = (name: string): string | null => {
    const value: unknown = Object.hasOwn(parsed, name) ? (parsed as { [name: string]: unknown })[name] : null;
    return typeof value === 'string' ? value : null;
  };
  return { BundleCode: text('BundleCode'), JobId: text('JobId'), EndTime: text('EndTime') };
};

type Activity = ExportEventDetailView['activity'][number];

const messageOf = ({ outcome, error, response }: AttemptView): string => {
  if (outcome === 'success') return `Delivered: the endpoint answered ${response?.status}.`;
  if (outcome === 'pending') return 'Under way.';
  if (outcome === 'unknown') return 'The sender stopped before it could record the answer.';
  if (response !== null) return error ?? `The endpoint answered ${response.status}.`;
  return error ?? outcome;
};

const END: { readonly [status: string]: string } = {
  failed: 'Failed; not tried again.',
  cancelled: 'Cancelled.',
  expired: 'Expired: the bundle is older than 30 days and is not delivered.',
};

/** Everything that happened, oldest first: requests with their answers, what people asked for, and how it ended. */
export const activityOf = (delivery: DeliveryDetailView): Activity[] => {
  const entries: Activity[] = [
    { at: delivery.createdAt, attempt: null, status: null, message: 'Queued.' },
    ...delivery.attempts.map((attempt) => ({
      at: attempt.startedAt,
      attempt: attempt.number,
      status: attempt.response?.status ?? null,
      message: messageOf(attempt),
    })),
    ...delivery.commands.map((command) => ({
      at: command.at,
      attempt: null,
      status: null,
      message:
        command.result === 'done'
          ? `${command.command === 'retry' ? 'Retried' : 'Cancelled'} by ${command.by}.`
          : `${command.command} asked by ${command.by} was refused: ${command.reason}.`,
    })),
  ];
  const end = END[delivery.status];
  const told = delivery.status === 'cancelled' && delivery.commands.some(({ result }) => result === 'done');
  if (end !== undefined && !told)
    entries.push({ at: delivery.completedAt ?? delivery.createdAt, attempt: null, status: null, message: end });
  entries.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  if (delivery.status === 'parked')
    entries.push({
      at: entries.at(-1)!.at,
      attempt: null,
      status: null,
      message:
        delivery.statusReason === 'endpoint_down'
          ? 'Waiting: the endpoint is down, and is tried every 10 minutes.'
          : `Waiting: ${delivery.statusReason ?? 'parked'}.`,
    });
  return entries;
};
