export * from './check-schema';
export * from './compatibility';
export * from './compile-schema';
export * from './event-rules';
export * from './schema-node';
