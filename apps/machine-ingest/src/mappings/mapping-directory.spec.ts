import { readMapping } from '@millrace/machine-mapping';
import { encodeMapping, type IncomingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { MappingDirectory } from './mapping-directory';

const text = (machines: string) => `
apiVersion: ingest/v1
name: presses
machines: [${machines}]
sources: { plc: { type: http } }
signals: { word: { source: plc, path: word, type: string } }
rules: [{ id: status, kind: stateMap, input: word, map: { BUSY: running } }]
`;
const message = (tenant: string, document: string, over: object = {}): IncomingMessage => {
  const read = readMapping(document);
  if (read.kind === 'refused') throw new Error(read.problems[0]?.detail);
  const { key, value } = encodeMapping('mappings', {
    tenant,
    name: 'presses',
    version: 3,
    hash: read.hash,
    format: 'yaml',
    text: document,
    machines: read.machines.map(({ machine, mapping }) => ({ machine, hash: mapping.hash })),
    ...over,
  });
  return { topic: 'mappings', partition: 0, offset: 0n, timestamp: 0, headers: {}, key: Buffer.from(key!), value };
};
const hashesOf = (document: string): string[] => {
  const read = readMapping(document);
  return read.kind === 'mapping' ? read.machines.map(({ mapping }) => mapping.hash) : [];
};

test('each machine of a document has its own mapping, found by its hash, compiled once', () => {
  const directory = new MappingDirectory(silentLogger);
  let came = 0;
  directory.onCame = () => {
    came++;
  };
  const two = text('{ id: P-1, number: 1 }, { id: P-2, number: 2 }');
  const [one, other] = hashesOf(two) as [string, string];
  expect(directory.of('acme')(one)).toBeNull();
  directory.apply(message('acme', two));
  expect(came).toBe(1);
  const found = directory.of('acme')(one);
  expect(found).toMatchObject({ hash: one, name: 'presses', version: 3, machine: { number: 1 } });
  expect(directory.of('acme')(other)).toMatchObject({ hash: other, machine: { number: 2 } });
  directory.apply(message('acme', two));
  expect(directory.of('acme')(one)).toBe(found);
});

test("another tenant's hash leads nowhere", () => {
  const directory = new MappingDirectory(silentLogger);
  directory.apply(message('acme', text('{ id: P-1 }')));
  const [hash] = hashesOf(text('{ id: P-1 }')) as [string];
  expect(directory.of('acme')(hash)).not.toBeNull();
  expect(directory.of('other')(hash)).toBeNull();
});

test('a record that is none may still come; of a document that this release cannot read it is told why', () => {
  const directory = new MappingDirectory(silentLogger);
  const good = message('acme', text('{ id: P-1 }'));
  for (const value of [null, Buffer.from('{'), Buffer.from('{"v":2}')]) directory.apply({ ...good, value });
  const [hash] = hashesOf(text('{ id: P-1 }')) as [string];
  expect(directory.of('acme')(hash)).toBeNull();
  directory.apply(message('acme', text('{ id: P-1 }'), { text: 'apiVersion: ingest/v9' }));
  expect(directory.of('acme')(hash)).toEqual({
    lost: 'mapping_unreadable',
    detail: expect.stringMatching(/^This release cannot read it\. Line 1, column \d+: /),
  });
  expect(directory.of('other')(hash)).toBeNull();
});
