import {
  dryRun,
  type MappingProblem,
  type MappingReading,
  RecordingTooLarge,
  readMapping,
  readRecording,
  runMappingTests,
  type TestOutcome,
} from '@millrace/machine-mapping';
import type { MappingProblemView, MappingTestView, MappingTrialView } from '@millrace/protocol';
import type {
  CheckedMapping,
  CheckTask,
  MappingAnswer,
  MappingTask,
  NotedDocument,
  RefusedDocument,
  TrialOutcome,
  TrialTask,
} from './mapping-work';

export const workOnMapping = <T extends MappingTask>(task: T): MappingAnswer<T> =>
  (task.kind === 'check' ? check(task) : tryOut(task)) as MappingAnswer<T>;

const check = ({ document, tenant }: CheckTask): RefusedDocument | CheckedMapping => {
  const read = readMapping(document.text, { format: document.format, tenant });
  if (read.kind === 'refused') return { kind: 'refused', problems: read.problems.map(placed) };
  return {
    kind: 'checked',
    name: read.mapping.name,
    hash: read.hash,
    machines: read.machines.map(({ machine, mapping }) => ({ machine, hash: mapping.hash })),
    ...noted(read),
    tests: runMappingTests(read, document.attachments).map(testView),
  };
};

const tryOut = ({ document, tenant, signals: given, afterEndMs }: TrialTask): TrialOutcome => {
  const read = readMapping(document.text, { format: document.format, tenant });
  if (read.kind === 'refused') return { kind: 'refused', problems: read.problems.map(placed) };
  try {
    const source = given.kind === 'ndjson' ? given.text : (JSON.parse(given.text) as unknown[]);
    const { signals, rejected } = readRecording(source, { tenant, machines: read.machines });
    const run = dryRun(read.machines, signals, { tenant, ...(afterEndMs === undefined ? {} : { afterEndMs }) });
    const view: Omit<MappingTrialView, 'warnings'> = {
      events: run.events.map(({ event, signal }) => ({
        signal,
        type: event.type,
        subject: event.subject,
        time: event.time,
        data: JSON.parse(event.data),
      })),
      signals: run.signals,
      rejected: [...rejected],
      machines: Object.entries(run.states).map(([machine, { status, counts }]) => ({
        machine,
        status: status.current,
        counts: { ...counts },
      })),
    };
    // A buffer of its own, which can be handed to another thread as it is.
    return { kind: 'tried', ...noted(read), json: new TextEncoder().encode(JSON.stringify(view)) };
  } catch (error) {
    if (error instanceof RecordingTooLarge) return { kind: 'too-large', detail: error.message };
    throw error;
  }
};

const noted = ({ warnings, outside }: Extract<MappingReading, { kind: 'mapping' }>): NotedDocument => ({
  warnings: warnings.map(placed),
  outside,
});

const placed = ({ path, line, column, code, detail }: MappingProblem): MappingProblemView => ({
  path,
  line,
  column,
  code,
  detail,
});

const testView = ({ name, failures, events }: TestOutcome): MappingTestView => ({
  name,
  passed: failures.length === 0,
  events,
  failures: failures.map(({ path, line, column, code, detail }) => ({ path, line, column, code, detail })),
});
