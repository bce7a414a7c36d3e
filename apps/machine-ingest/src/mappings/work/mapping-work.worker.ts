import { parentPort } from 'node:worker_threads';
import type { MappingTask } from './mapping-work';
import { workOnMapping } from './work-on-mapping';

/** The program of the thread: one answer to each task. What is thrown ends the thread, and whoever started it is told. */
parentPort?.on('message', (task: MappingTask) => {
  const answer = workOnMapping(task);
  parentPort?.postMessage(answer, answer.kind === 'tried' ? [answer.json.buffer] : []);
});
