/** Where the process is in its life. */
export class ServiceState {
  phase: 'starting' | 'serving' | 'draining' = 'starting';
}
