export { canonicalText, documentHash } from './document/document-hash';
export type { PlainValue } from './document/document-node';
export type { MappingProblem } from './document/mapping-problem';
export { DOCUMENT_LIMITS, type DocumentFormat } from './document/read-document';
export { MAPPING_SCHEMA, type WrittenTest } from './language/mapping-shape';
export { SOURCE_TYPES } from './language/source-shape';
export { meantUnit, wrongUnit } from './language/ucum-hint';
export type { OutsideNames } from './outside/outside-names';
export { type KnownWorld, unknownNames } from './outside/unknown-names';
export {
  type MachineMappingOf,
  type MappingReading,
  type ReadOptions,
  readMapping,
} from './read-mapping';
export { type DryRun, type DryRunEvent, type DryRunOptions, dryRun } from './trial/dry-run';
export { type Attachments, runMappingTests, type TestFailure, type TestOutcome } from './trial/mapping-tests';
export {
  RECORDING_BEGINS,
  type RecordedReading,
  type RecordingContext,
  readRecordedSignal,
} from './trial/recorded-signal';
export { RECORDING_LIMITS, type Recording, RecordingTooLarge, readRecording } from './trial/recording';
