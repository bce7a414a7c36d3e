const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** The error codes by which a broker says that it will never take these records. */
const REFUSED = new Set([
  ...TOO_LARGE,
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
]);
/** What the encoder throws over a value that is no header, key or body. */
const NOT_ENCODABLE = new Set(['TypeError', 'RangeError']);
/** Errors that pass when brokers come back. */
const CONNECTION =
  /Connection|NoBrokerAvailable|BrokerNotFound|RequestTimeout|LockTimeout|MetadataNotLoaded|Coordinator/;

interface KafkaFailure {
  readonly name?: string;
  readonly type?: string;
  readonly cause?: unknown;
}

const chain = function* (error: unknown): Generator<KafkaFailure> {
  let link = error;
  for (let depth = 0; depth < 8 && typeof link === 'object' && link !== null; depth++) {
    yield link as KafkaFailure;
    link = (link as KafkaFailure).cause;
  }
};

/** The broker's name for the error, else the error's own. */
export const failureName = (error: unknown): string => {
  let name = 'unknown';
  for (const { type, name: own } of chain(error)) {
    if (type) return type;
    name = own ?? name;
  }
  return name;
};

/** A repeat of the same records would fail again. */
export const isRefusal = (error: unknown): boolean => {
  for (const { type, name } of chain(error)) {
    if ((type && REFUSED.has(type)) || (name && NOT_ENCODABLE.has(name))) return true;
  }
  return false;
};

/** A smaller record might be taken. */
export const isTooLarge = (error: unknown): boolean => {
  for (const { type } of chain(error)) if (type && TOO_LARGE.has(type)) return true;
  return false;
};

/** The brokers could not be reached, or do not know yet: nothing is wrong with this process. */
export const isConnectionTrouble = (error: unknown): boolean => {
  for (const { type, name } of chain(error)) {
    if (name && CONNECTION.test(name)) return true;
    if (type && /COORDINATOR|LEADER|UNKNOWN_TOPIC|TIMED_OUT|NETWORK/.test(type)) return true;
  }
  return false;
};

/** The group has moved on: another generation holds the partitions. */
export const isGroupChange = (error: unknown): boolean => {
  const name = failureName(error);
  return name === 'REBALANCE_IN_PROGRESS' || name === 'ILLEGAL_GENERATION' || name === 'UNKNOWN_MEMBER_ID';
};
