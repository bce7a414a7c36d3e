import { EXIT, reconcileCommand } from './command/reconcile-command';

// Node would end with 1, which says that deliveries do not add up.
process.on('uncaughtException', (error) => {
  process.stderr.write(`The deliveries were not reconciled. ${error.stack ?? error}\n`);
  process.exit(EXIT.notCarriedOut);
});

void reconcileCommand();
