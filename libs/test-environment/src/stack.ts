import type { ProcessIdentity } from '../../../deploy/local/process/process-identity';

/** A running broker and database of a test run, as written to `stack.json` for the other workers. */
export interface StackFacts {
  readonly folder: string;
  readonly brokers: readonly string[];
  readonly kafka: StackPart & { readonly controllerPort: number };
  readonly postgres: StackPart & { readonly password: string };
}

export interface StackPart {
  readonly port: number;
  readonly runsAs:
    | { readonly kind: 'process'; readonly process: ProcessIdentity }
    | { readonly kind: 'container'; readonly id: string };
}

/** What can be done with a stack; one form for native processes, one for containers. */
export interface StackDriver {
  start(folder: string, run: string): Promise<StackFacts>;
  stopBroker(facts: StackFacts, how: 'kill' | 'stop'): Promise<void>;
  startBroker(facts: StackFacts, run: string): Promise<StackFacts>;
  stopDatabase(facts: StackFacts, how: 'immediate' | 'stop'): Promise<void>;
  startDatabase(facts: StackFacts, run: string): Promise<StackFacts>;
  processId(part: StackPart): number;
  remove(facts: StackFacts): Promise<void>;
}
