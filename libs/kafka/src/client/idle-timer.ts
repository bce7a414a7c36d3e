/** The parts of kafkajs' request queue that the replacement below touches. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
}

const WHEN_FULL_MS = 10;

/**
 * kafkajs re-arms a timer after every response even when nothing waits; with a negative delay that is a callback each
 * millisecond for each connection, for ever, and a TimeoutNegativeWarning from Node. Here the timer is set only while
 * requests wait.
 */
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const throttled = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttled > 0 ? throttled : WHEN_FULL_MS,
  );
}

/** Changes the kafkajs that is loaded in this process; idempotent. */
export const quietIdleConnections = (): void => {
  const queue = require('kafkajs/src/network/requestQueue') as {
    prototype: { scheduleCheckPendingRequests: (this: RequestQueue) => void };
  };
  queue.prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
};
