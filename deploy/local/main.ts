import { join, resolve } from 'node:path';
import { DataFolder } from './data-folder/data-folder';
import { Demo, leaveDemo } from './demo/demo';
import { type LaunchSettings, readLaunchSettings } from './launch.config';
import { LocalStack, USUAL_PORTS } from './local-stack';
import { progress } from './machine/bootstrap';
import type { Announcer } from './supervision/supervised-part';

const { say, bold, dim, yellow, green, red, cyan, duration } = progress;

/** Signals within this time of the first are the same Ctrl-C, which reaches us on two ways. */
const SAME_SIGNAL_MS = 1_500;

const announcer: Announcer = {
  died: (part, how) => say(`  ${yellow('!')} ${bold(part)} died (${how}); starting it again`),
  back: (part, afterMs) => say(`  ${green('✓')} ${bold(part)} is back ${dim(`after ${duration(afterMs)}`)}`),
  stillDown: (part, why, nextTryMs) =>
    say(
      `  ${red('!')} ${bold(part)} does not come back: ${why.split('\n').join(' ')} ${dim(`next try in ${duration(nextTryMs)}`)}`,
    ),
};

/** Resolves when somebody wants us to end. */
const endRequested = (launchedBy: number | null): { promise: Promise<string>; again: (hurry: () => void) => void } => {
  let hurry = () => {};
  let asked = 0;
  const promise = new Promise<string>((end) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (asked === 0) asked = performance.now();
        else if (performance.now() - asked > SAME_SIGNAL_MS) hurry();
        end(name);
      });
    }
    // `npm start` was killed without a chance to tell us.
    if (launchedBy !== null) {
      setInterval(() => {
        if (process.ppid !== launchedBy) end('orphaned');
      }, 500).unref();
    }
  });
  return {
    promise,
    again: (act) => {
      hurry = act;
    },
  };
};

const printWayOn = (settings: LaunchSettings, stack: LocalStack): void => {
  const key = stack.adminKey;
  say();
  say(`  ${bold('Millrace is running')} ${dim(`after ${duration(Date.now() - settings.startedAt)}`)}`);
  say();
  say(`    Console and API   ${cyan(stack.url)}`);
  say(`    API key           ${key}`);
  say(`    Data and logs     ${settings.dataFolder}`);
  say();
  say(`  ${dim('Publish an event of your own:')}`);
  say(`    curl -X POST ${stack.url}/v1/events -H 'Authorization: Bearer ${key}' \\`);
  say(`      -H 'Content-Type: application/json' -d '{"type":"machine.greeting","data":{"text":"hello"}}'`);
  say();
  if (settings.insecureEndpoints === 'allow') {
    say(
      `  ${dim('Endpoints with http:// and on private addresses are allowed here (MILLRACE_INSECURE_ENDPOINTS=allow).')}`,
    );
  }
  say(`  ${dim('Ctrl-C ends everything and keeps the data.')}`);
  say();
};

const run = async (settings: LaunchSettings): Promise<number> => {
  const end = endRequested(settings.launchedBy);
  const folder = DataFolder.open(resolve(settings.dataFolder), `http://localhost:${settings.port}`);
  const stack = new LocalStack(settings, folder, announcer);
  const demo = settings.demo ? new Demo(folder, settings.startedAt) : null;
  let failed = false;
  try {
    await folder.watch(join(__dirname, 'supervision/watchdog.js'));
    const ports = await folder.ports(USUAL_PORTS);
    await demo?.prepare(ports);
    const up = stack.start(ports).then(async () => {
      printWayOn(settings, stack);
      const api = { origin: `http://127.0.0.1:${settings.port}`, key: stack.adminKey };
      await (demo === null ? leaveDemo(folder, api) : demo.begin(api));
    });
    const early = await Promise.race([up.then(() => null), end.promise]);
    if (early !== null) up.catch(() => {});
    await end.promise;
  } catch (error) {
    failed = true;
    progress.sayWhyNot(error);
  }
  end.again(() => process.exit(1));
  say();
  await progress.step('Stopping', 'the services first, then PostgreSQL and Kafka', async () => {
    await demo?.close();
    await stack.stop();
    return { remark: 'nothing is left running; the data is kept' };
  });
  folder.release();
  return failed ? 1 : 0;
};

run(readLaunchSettings(process.env, process.argv.slice(2))).then(
  (code) => process.exit(code),
  (error: unknown) => {
    progress.sayWhyNot(error);
    process.exit(1);
  },
);
