import { extname, join } from 'node:path';
import { MappingThread } from './mapping-thread';
import type { MappingWork } from './mapping-work';
import { workOnMapping } from './work-on-mapping';

/** Null where the service runs from its sources: a thread loads compiled programs alone. */
export const COMPILED_WORKER = extname(__filename) === '.js' ? join(__dirname, 'mapping-work.worker.js') : null;

/** @param worker the compiled program of the thread; null: the work is done in this thread */
export const openMappingWork = (worker: string | null): MappingWork =>
  worker === null ? inThisThread : new MappingThread(worker);

const inThisThread: MappingWork = {
  run: async (task) => workOnMapping(task),
  close: async () => undefined,
};
