/**
 * The dependency line of docs/architecture.md. Each part imports only what stands to its left:
 *
 *   domain <- protocol <- telemetry <- kafka, postgres, webhook-client <- service-runtime <- apps/<service>
 *   domain <- protocol <- event-schema <- machine-mapping <- apps/<service>
 *
 * sparkplug is what travels over MQTT, read and written; it needs nothing of ours, and the simulated line has it too.
 * sdk stands alone: it is published, and nothing of the server goes with it.
 */
const line = {
  domain: [],
  protocol: ['domain'],
  telemetry: ['domain', 'protocol'],
  kafka: ['domain', 'protocol', 'telemetry'],
  postgres: ['domain', 'protocol', 'telemetry'],
  'webhook-client': ['domain', 'protocol', 'telemetry'],
  'service-runtime': ['domain', 'protocol', 'telemetry', 'kafka', 'postgres', 'webhook-client'],
  sdk: [],
  'event-schema': ['domain', 'protocol'],
  'machine-mapping': ['domain', 'protocol', 'event-schema'],
  sparkplug: [],
};

const libraryRules = Object.entries(line).map(([library, allowed]) => ({
  name: `line-${library}`,
  severity: 'error',
  comment: `libs/${library} may import only ${allowed.length ? allowed.join(', ') : 'itself'}`,
  from: { path: `^libs/${library}/`, pathNot: '\\.(spec|fixture)\\.ts$' },
  to: {
    path: '^(libs|apps|deploy|bench)/',
    pathNot: [`^libs/${library}/`, ...allowed.map((name) => `^libs/${name}/`)],
  },
}));

/** A package that only the named places may import. */
const knownOnlyIn = (name, packages, places) => ({
  name,
  severity: 'error',
  comment: `${packages} is known only in ${places.join(', ')}`,
  from: {
    path: '^(libs|apps)/',
    pathNot: [...places.map((place) => `^${place}`), '\\.spec\\.ts$', '^libs/test-environment/'],
  },
  to: { path: `node_modules/(${packages})(/|$)` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-imports', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment: 'time, ids and randomness come in as arguments; node:crypto is allowed for hashing and signing only',
      from: { path: '^libs/domain/', pathNot: '\\.(spec|fixture)\\.ts$' },
      to: { pathNot: ['^libs/domain/', '^(node:)?crypto$'] },
    },
    ...libraryRules,
    {
      name: 'no-app-imports-another',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/e2e/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-library-imports-apps-or-test-environment',
      severity: 'error',
      from: { path: '^(libs/(?!test-environment)|apps/(?!e2e))', pathNot: '\\.(spec|fixture)\\.ts$' },
      to: { path: '^(libs/test-environment|apps/e2e)/' },
    },
    {
      name: 'fixtures-are-for-tests',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.(spec|fixture)\\.ts$' },
      to: { path: '\\.fixture\\.ts$' },
    },
    {
      name: 'index-is-for-outsiders',
      severity: 'error',
      comment: 'inside a library import the file, not its index',
      from: { path: '^libs/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/$1/src/index\\.ts$' },
    },
    {
      name: 'sdk-has-no-dependencies',
      severity: 'error',
      from: { path: '^libs/sdk/src/', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules/' },
    },
    {
      name: 'sdk-runs-anywhere',
      severity: 'error',
      comment: 'browsers have no node: modules; the command line and verifyWebhook are for Node',
      from: {
        path: '^libs/sdk/src/',
        pathNot: ['\\.spec\\.ts$', '^libs/sdk/src/cli/', '^libs/sdk/src/verify/verify-webhook\\.ts$'],
      },
      to: { dependencyTypes: ['core'] },
    },
    knownOnlyIn('kafkajs-in-one-place', 'kafkajs|kafkajs-snappy|lz4-napi', ['libs/kafka/']),
    knownOnlyIn('typeorm-in-one-place', 'typeorm|pg|@nestjs/typeorm', [
      'libs/postgres/',
      'apps/[^/]+/src/.*\\.(entity|store|migration)\\.ts',
      'apps/[^/]+/src/.*migrations/',
      'apps/[^/]+/src/[^/]+\\.module\\.ts',
    ]),
    knownOnlyIn('ajv-in-one-place', 'ajv|ajv-formats', ['libs/event-schema/']),
    knownOnlyIn('expressions-in-one-place', '@marcbachmann/cel-js|yaml', ['libs/machine-mapping/']),
    knownOnlyIn('protobufjs-in-one-place', 'protobufjs', ['libs/sparkplug/']),
    knownOnlyIn('mqtt-in-two-places', 'mqtt', ['libs/sparkplug/', 'apps/machine-ingest/src/signal-intake/mqtt/']),
    knownOnlyIn('opcua-in-one-place', 'node-opcua|node-opcua-client', ['apps/machine-ingest/src/signal-intake/opcua/']),
    knownOnlyIn('undici-in-one-place', 'undici', ['libs/webhook-client/']),
    knownOnlyIn('nest-in-one-library', '@nestjs/[^/]+', ['libs/service-runtime/', 'libs/postgres/', 'apps/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
