import { KafkaConnection } from '@millrace/kafka';
import { topicNames } from '@millrace/protocol';
import { WrongSettings } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { TopicUnreadable } from '../reading/patient-reader';
import { reconcile } from '../reconcile';
import type { Reconciliation } from '../reconciliation';
import { ProgressLine } from '../report/progress-line';
import { type ReportSource, reportText, sourceText } from '../report/report-text';
import { type ReconcileCommand, readReconcileCommand, USAGE, WrongArguments } from './reconcile.config';

/** Monitors tell these apart: 1 asks for a person to look at deliveries, 2 for one to look at the check itself. */
export const EXIT = { addsUp: 0, findings: 1, notCarriedOut: 2 } as const;

/** How long the brokers may take to answer at all. */
const REACHABLE_MS = 15_000;

/** Runs the command and sets the exit code; see USAGE. */
export const reconcileCommand = async (): Promise<void> => {
  let source: ReportSource | null = null;
  try {
    const command = readReconcileCommand();
    if (command === null) {
      await print(USAGE);
      return;
    }
    source = sourceOf(command);
    const result = await carryOut(command);
    await print(command.json ? asJson(result, source) : reportText(result, source, command.most));
    process.exitCode = result.addsUp ? EXIT.addsUp : EXIT.findings;
  } catch (error) {
    process.stderr.write(
      `The deliveries were not reconciled. ${reasonOf(error)}\n${source === null ? '' : `${sourceText(source)}\n`}`,
    );
    process.exitCode = EXIT.notCarriedOut;
  }
};

const asJson = ({ v, ...result }: Reconciliation, source: ReportSource): string =>
  `${JSON.stringify({ v, source, ...result })}\n`;

const sourceOf = ({ settings, localStack }: ReconcileCommand): ReportSource => ({
  brokers: settings.kafkaBrokers,
  topicPrefix: settings.topicPrefix,
  localStack,
});

const carryOut = async (command: ReconcileCommand): Promise<Reconciliation> => {
  const { settings, since, endpointId, events, graceMs, passes, settleMs } = command;
  const { kafkaBrokers, topicPrefix, timeScale } = settings;
  const kafka = new KafkaConnection({ brokers: kafkaBrokers, clientId: 'reconcile', logger: silentLogger });
  const progress = new ProgressLine(process.stderr);
  try {
    await reachable(kafka, kafkaBrokers);
    return await reconcile(kafka, topicNames(topicPrefix), {
      since,
      endpointId,
      graceMs,
      passes,
      settleMs,
      timeScale,
      ...(events ? { eventModules: settings.modules } : {}),
      onProgress: (state) => progress.show(state),
    });
  } finally {
    progress.clear();
    await kafka.close();
  }
};

const reachable = async (kafka: KafkaConnection, brokers: readonly string[]) => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('they do not answer')), REACHABLE_MS);
  });
  try {
    const ping = kafka.ping();
    ping.catch(() => {});
    await Promise.race([ping, late]);
  } catch (error) {
    throw new Error(`The brokers at ${brokers.join(', ')} cannot be reached: ${reasonOf(error)}.`);
  } finally {
    clearTimeout(timer);
  }
};

const reasonOf = (error: unknown): string => {
  if (error instanceof TopicUnreadable) return `${error.message} Is MILLRACE_TOPIC_PREFIX that of this site?`;
  if (error instanceof WrongArguments || error instanceof WrongSettings) return error.message;
  return error instanceof Error ? error.message : String(error);
};

/** Resolves when it is written: a pipe takes a long report in pieces. */
const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
