/** Reads what PostgreSQL, pg and TypeORM throw; the one place that knows SQLSTATE codes. */
const codeOf = (error: unknown): string => {
  const own = (error as { code?: unknown } | null)?.code;
  if (typeof own === 'string') return own;
  const driver = (error as { driverError?: { code?: unknown } } | null)?.driverError?.code;
  return typeof driver === 'string' ? driver : '';
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);

/** Whether the error came from the database or its driver at all. */
export const isDatabaseError = (error: unknown): boolean =>
  /^[0-9A-Z]{5}$/.test(codeOf(error)) || (error as { name?: unknown } | null)?.name === 'QueryFailedError';

/**
 * The database cannot answer now, and the same call may succeed later: no connection, shutting down, starting, out of
 * connections or disk, cancelled by the statement or lock timeout.
 */
export const isDatabaseUnavailable = (error: unknown): boolean => {
  const code = codeOf(error);
  if (/^(08|53|57P)/.test(code) || ['57014', '55P03', '25P03', '40001', '40P01'].includes(code)) return true;
  if (NETWORK.has(code)) return true;
  return /timeout exceeded when trying to connect|Connection terminated|connection is insecure|Client has encountered a connection error|not queryable|Query read timeout|DataSource is not initialized|Driver not Connected/i.test(
    messageOf(error),
  );
};

export const isRetriableConflict = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error));

/** Class 22: a value of the caller's that no column takes (a NUL in text, a number out of range). */
export const isUnstorableValue = (error: unknown): boolean => /^22[0-9A-Z]{3}$/.test(codeOf(error));

/** A unique constraint was violated; with `constraint`, that one. */
export const isUniqueViolation = (error: unknown, constraint?: string): boolean => {
  if (codeOf(error) !== '23505') return false;
  if (constraint === undefined) return true;
  const own = (error as { constraint?: unknown }).constraint;
  const driver = (error as { driverError?: { constraint?: unknown } }).driverError?.constraint;
  return own === constraint || driver === constraint;
};
