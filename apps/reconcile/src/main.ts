import { reconcileCommand } from './command/reconcile-command';

void reconcileCommand();
