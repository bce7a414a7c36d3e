import type { BackgroundProcess } from '../process/background-process';
import type { ProcessIdentity } from '../process/process-identity';

/** One thing that the launcher runs: the broker, the database, a service. */
export interface Part {
  /** Also the name of its log and of its note in the data folder. */
  readonly name: string;
  /** Resolves when it is ready; rejects, with nothing left running, when it does not get there. */
  start(onSpawn: (process: ProcessIdentity) => void): Promise<BackgroundProcess>;
  /** Clean end. Also for a process of this part that an earlier launcher left. */
  stop(process: ProcessIdentity): Promise<void>;
}
