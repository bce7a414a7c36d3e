import { type QuarantinedDetailView, type QuarantinedView, REDRIVEN_HEADER, type TopicNames } from '@millrace/protocol';
import { timeText } from '../history-api/delivery-view';
import type { RejectionDetail } from '../projections/rejected/rejection.projection';
import type { StoredAction, StoredQuarantined } from './quarantine.store';
import { listOfTopic, quarantineId, readQuarantineId } from './quarantine-id';
import { type Quarantined, type RedriveTopics, whyNotRedrivable } from './redrive-rule';

/** Bytes of the value that a list shows. */
const PREVIEW_BYTES = 200;

export interface ViewTopics extends RedriveTopics {
  readonly names: TopicNames;
}

const detailOf = (row: StoredQuarantined): RejectionDetail =>
  JSON.parse(row.detail.toString('utf8')) as RejectionDetail;

/** The item as the rule for driving again sees it. */
export const quarantinedOf = (row: StoredQuarantined, topics: ViewTopics): Quarantined => ({
  id: quarantineId({ list: listOfTopic(topics.names, row.topic), partition: row.partition, offset: row.record_offset }),
  code: row.code,
  originTopic: String(detailOf(row).origin?.topic ?? ''),
  tenant: row.tenant,
});

export const quarantinedView = (row: StoredQuarantined, topics: ViewTopics): QuarantinedView => {
  const item = quarantinedOf(row, topics);
  const { detail, origin, originalBytes } = detailOf(row);
  const notRedrivable = whyNotRedrivable(item, topics);
  return {
    id: item.id,
    list: listOfTopic(topics.names, row.topic),
    state: row.last_action ?? 'open',
    tenant: row.tenant,
    code: row.code,
    detail,
    at: timeText(row.rejected_at),
    origin: {
      topic: String(origin?.topic ?? ''),
      partition: Number(origin?.partition ?? 0),
      offset: String(origin?.offset ?? ''),
    },
    bytes: originalBytes ?? row.value_bytes,
    redrivable: notRedrivable === null,
    notRedrivable,
    redrivenFrom: formerId(detailOf(row)),
    preview: printable(
      row.value?.subarray(0, PREVIEW_BYTES) ?? Buffer.alloc(0),
      (row.value?.length ?? 0) > PREVIEW_BYTES,
    ),
  };
};

/** A record that came from here has the id that it had, as a header that anybody may write: only an id is believed. */
const formerId = ({ originalHeaders }: RejectionDetail): string | null => {
  const id = Buffer.from(originalHeaders?.[REDRIVEN_HEADER] ?? '', 'base64').toString('utf8');
  return readQuarantineId(id) === null ? null : id;
};

export const quarantinedDetailView = (
  row: StoredQuarantined,
  actions: readonly StoredAction[],
  topics: ViewTopics,
): QuarantinedDetailView => {
  const { originalKey, originalHeaders, originalBytes } = detailOf(row);
  const truncated = row.value !== null && row.value.length < (originalBytes ?? row.value_bytes);
  const text = row.value === null ? null : asText(row.value, truncated);
  return {
    ...quarantinedView(row, topics),
    key: originalKey === null ? null : printable(Buffer.from(originalKey, 'base64')),
    headers: Object.fromEntries(
      Object.entries(originalHeaders ?? {}).map(([name, base64]) => [name, printable(Buffer.from(base64, 'base64'))]),
    ),
    value: text,
    valueBase64: row.value === null || text !== null ? null : row.value.toString('base64'),
    truncated,
    actions: actions.map((action) => ({
      action: action.action,
      at: timeText(action.acted_at),
      by: action.acted_by,
      corrected: action.corrected === 1,
      reason: action.reason?.toString('utf8') ?? null,
    })),
  };
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** A text that was cut in the middle of a character is still a text. */
const asText = (bytes: Buffer, wasCut: boolean): string | null => {
  for (let without = 0; without <= (wasCut ? 3 : 0); without++)
    try {
      return strictUtf8.decode(bytes.subarray(0, bytes.length - without));
    } catch {}
  return null;
};

/** Bytes as people can read them: text where they are text, `\xNN` for each byte that is none. */
const printable = (bytes: Buffer, wasCut = false): string => {
  const text = asText(bytes, wasCut);
  if (text !== null && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)) return text;
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
};
