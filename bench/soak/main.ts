import { runSuite } from '../report/run-suite';
import { SOAKS } from './soaks';

/** `npm run soak -- storm outage`: those; all without names; `--list` says which there are and how long each takes. */
runSuite(SOAKS, process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
