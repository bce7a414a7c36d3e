// npm start: from a fresh clone to a running Millrace. Plain JavaScript for Node 20 and newer, since nothing is installed yet.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const usage = `npm start               the whole of Millrace, with a simulated line and a demo receiver
npm start -- --no-demo  the stack alone`;

const startedAt = Date.now();

const main = async (args) => {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    process.stderr.write(`\n  ✗ Node here is ${process.versions.node}; Millrace needs 20 or newer.\n\n`);
    return 1;
  }
  const { sayWhyNot, say, bold, dim } = await import('./bootstrap/progress.mjs');
  const { Stop } = await import('./bootstrap/stop.mjs');
  const check = await import('./bootstrap/check-machine.mjs');
  const { build } = await import('./bootstrap/build.mjs');
  const { install, isInstalled } = await import('./bootstrap/install.mjs');
  const { handOver } = await import('./bootstrap/hand-over.mjs');
  try {
    if (args.includes('--help')) return say(usage);
    const unknown = args.find((arg) => arg !== '--no-demo');
    if (unknown !== undefined) throw new Stop(`There is no option "${unknown}".`, usage.split('\n'));
    say();
    say(`  ${bold('Millrace')}  ${dim('the event backbone of a manufacturing site')}`);
    say();
    const environment = { ...process.env };
    const dataFolder = resolve(root, environment.MILLRACE_DATA_DIR || '.millrace');
    check.checkNotRunning(dataFolder);
    await check.checkPort(check.readPort(environment));
    check.checkDisk(check.diskNeeds({ root, installed: isInstalled(root), dataFolder, environment }));
    const kafka = await check.checkKafka(root, environment);
    check.checkDataFolder(dataFolder);
    await install(root);
    await build(root);
    return await handOver(root, join(root, 'dist/deploy/local/main.js'), args, {
      ...environment,
      MILLRACE_DATA_DIR: dataFolder,
      MILLRACE_LOCAL_KAFKA: kafka,
      MILLRACE_STARTED_AT: String(startedAt),
    });
  } catch (error) {
    sayWhyNot(error);
    return 1;
  }
};

process.exitCode = (await main(process.argv.slice(2))) ?? 0;
