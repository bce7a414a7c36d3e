import { runSuite } from './report/run-suite';
import { SUITE } from './suite';

/** `npm run bench -- isolation parked`: those parts; all without names; `--list` says which there are. */
runSuite(SUITE, process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
