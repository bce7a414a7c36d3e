import { quietIdleConnections } from './idle-timer';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: unknown;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

describe('K15: the timer of an idle connection', () => {
  const queue = (): Queue => {
    quietIdleConnections();
    const RequestQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue;
    return new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1, enforceRequestTimeout: false, logger: {} });
  };

  test('is not set while nothing waits', () => {
    const idle = queue();
    idle.scheduleCheckPendingRequests();
    expect(idle.throttleCheckTimeoutId).toBeNull();
  });

  test('is set once while requests wait, and never to a negative time', () => {
    const busy = queue();
    const set = jest.spyOn(globalThis, 'setTimeout');
    busy.pending.push({});
    busy.scheduleCheckPendingRequests();
    busy.scheduleCheckPendingRequests();
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([10]);
    set.mockRestore();
    busy.destroy();
  });
});
