export * from './check-schema';
export * from './compatibility';
export * from './compile-schema';
export * from './schema-node';
