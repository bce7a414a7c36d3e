export { canonicalText, documentHash } from './document/document-hash';
export type { PlainValue } from './document/document-node';
export type { MappingProblem } from './document/mapping-problem';
export { DOCUMENT_LIMITS, type DocumentFormat } from './document/read-document';
export { MAPPING_SCHEMA, type WrittenTest } from './language/mapping-shape';
export { meantUnit, wrongUnit } from './language/ucum-hint';
export { type MachineMappingOf, type MappingReading, type ReadOptions, readMapping } from './read-mapping';
