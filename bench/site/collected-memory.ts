import { eventually, type ServiceProcess } from '@millrace/test-environment';
import { residentBytes } from '../process-memory';

/** Setting of a service whose garbage {@link collectedBytes} may collect. */
export const COLLECTABLE = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

const ADDRESS = /Debugger listening on (ws:\S+)/;

/** Resident bytes of a service after its garbage has been collected: a heap that grew for a while keeps the room. */
export const collectedBytes = async (service: ServiceProcess): Promise<number> => {
  const address = await eventually(
    () =>
      service
        .logs()
        .map(({ text }) => ADDRESS.exec(String(text))?.[1])
        .filter((found) => found !== undefined)
        .at(-1),
    'the inspector of the service',
  );
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`no connection to the inspector at ${address}`));
  });
  try {
    // Twice: the first may leave what only finalisers held.
    for (let id = 1; id <= 2; id++)
      await new Promise((resolve) => {
        socket.onmessage = resolve;
        socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
      });
    return residentBytes(service.pid);
  } finally {
    socket.close();
  }
};
