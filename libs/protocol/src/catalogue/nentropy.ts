import type { BuiltInEventType } from './built-in-event-type';
import { count, data, date, id, type Members, object, oneOf, orNull, text, time } from './schema-words';

/** `integrationId` names the customer's integration; where it is absent, the setting of the endpoint stands for it. */
const integrationId = text('The integration that this is about.');
const identity: Members = {
  externalId: id("What the customer's own system calls it."),
  internalId: id('What the platform calls it.'),
};

interface Subject {
  readonly name: 'supplier' | 'product' | 'batch';
  readonly title: string;
  readonly fields: Members;
  readonly example: { readonly [name: string]: unknown };
  readonly changed: readonly string[];
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'supplier',
    title: 'A supplier',
    fields: { name: text('Its name.'), country: text('Its country, ISO 3166-1 alpha-2.') },
    example: {
      externalId: 'VENDOR-001',
      internalId: 'clx1a2b3c4d5e6f7g8h9',
      integrationId: 'int_abc123',
      name: 'Nordwald Timber AB',
      country: 'SE',
    },
    changed: ['country'],
  },
  {
    name: 'product',
    title: 'A product',
    fields: { name: text('Its name.'), hsCode: text('Its code in the Harmonized System.') },
    example: {
      externalId: 'SKU-4711',
      internalId: 'clx2b3c4d5e6f7g8h9i0',
      integrationId: 'int_abc123',
      name: 'Spruce panel 18 mm',
      hsCode: '4412.39',
    },
    changed: ['hsCode'],
  },
  {
    name: 'batch',
    title: 'A batch',
    fields: {
      productId: text('The product, by its internal id.'),
      quantity: { type: 'number', minimum: 0, description: 'How much of it.' },
      unit: text('In which unit.'),
      harvestedOn: date('The day of harvest.'),
    },
    example: {
      externalId: 'LOT-2024-0117',
      internalId: 'clx3c4d5e6f7g8h9i0j1',
      integrationId: 'int_abc123',
      productId: 'clx2b3c4d5e6f7g8h9i0',
      quantity: 12.5,
      unit: 'm3',
      harvestedOn: '2023-11-02',
    },
    changed: ['quantity'],
  },
];

const updatedFields = { type: 'array', items: { type: 'string' }, description: 'The names of what changed.' };

const ofSubject = ({ name, title, fields, example, changed }: Subject): BuiltInEventType[] => [
  {
    name: `${name}.created`,
    version: 1,
    description: `${title} was added to the platform.`,
    schema: data(identity, { integrationId, ...fields }),
    example,
  },
  {
    name: `${name}.updated`,
    version: 1,
    description: `${title} was changed; \`changedFields\` names what.`,
    schema: data(identity, { integrationId, ...fields, changedFields: updatedFields }),
    example: { ...example, changedFields: changed },
  },
  {
    name: `${name}.deleted`,
    version: 1,
    description: `${title} was removed from the platform.`,
    schema: data(identity, { integrationId, deletedAt: time('When it was removed.') }),
    example: {
      externalId: example['externalId'],
      internalId: example['internalId'],
      integrationId: example['integrationId'],
      deletedAt: '2024-01-15T10:30:00.000Z',
    },
  },
];

const syncIdentity: Members = { internalId: id('The synchronisation.') };
const syncCounts: Members = {
  integrationId,
  externalId: orNull(text("What the customer's own system calls it.")),
  direction: oneOf(['import', 'export'], 'Which way.'),
  startedAt: time('When it began.'),
};
const sync = {
  externalId: null,
  internalId: 'sync_9d8c7b6a',
  integrationId: 'int_abc123',
  direction: 'import',
  startedAt: '2024-01-15T10:25:00.000Z',
};

const STATES = ['draft', 'submitted', 'available', 'approved', 'rejected', 'withdrawn'];
const statement: Members = {
  integrationId,
  referenceNumber: orNull(text('Its reference number, once the authority has given one.')),
};
const dds = {
  externalId: 'DDS-2024-017',
  internalId: 'clx4d5e6f7g8h9i0j1k2',
  integrationId: 'int_abc123',
};

/** Supply chain compliance (N'entropy). */
export const NENTROPY_EVENT_TYPES: readonly BuiltInEventType[] = [
  ...SUBJECTS.flatMap(ofSubject),
  {
    name: 'sync.completed',
    version: 1,
    description: 'A synchronisation with an integration finished.',
    schema: data(syncIdentity, {
      ...syncCounts,
      completedAt: time('When it ended.'),
      counts: object(
        {},
        { created: count('Added.'), updated: count('Changed.'), deleted: count('Removed.'), failed: count('Refused.') },
        'Of the records that it touched.',
      ),
    }),
    example: {
      ...sync,
      completedAt: '2024-01-15T10:30:00.000Z',
      counts: { created: 12, updated: 48, deleted: 0, failed: 1 },
    },
  },
  {
    name: 'sync.failed',
    version: 1,
    description: 'A synchronisation with an integration ended without success; `error` says why.',
    schema: data(syncIdentity, {
      ...syncCounts,
      failedAt: time('When it ended.'),
      error: object({ message: text('What went wrong.') }, { code: text('A stable code.') }),
    }),
    example: {
      ...sync,
      failedAt: '2024-01-15T10:27:11.000Z',
      error: { code: 'authentication_failed', message: 'The ERP refused the credentials.' },
    },
  },
  {
    name: 'dds.status_changed',
    version: 1,
    description: 'A due diligence statement went from one status to another.',
    schema: data(identity, {
      ...statement,
      previousStatus: orNull(oneOf(STATES, 'What it was.')),
      status: oneOf(STATES, 'What it is.'),
    }),
    example: { ...dds, referenceNumber: null, previousStatus: 'draft', status: 'submitted' },
  },
  {
    name: 'dds.submitted',
    version: 1,
    description: 'A due diligence statement was handed to the authority.',
    schema: data(identity, { ...statement, submittedAt: time('When.') }),
    example: { ...dds, referenceNumber: null, submittedAt: '2024-01-15T10:30:00.000Z' },
  },
  {
    name: 'dds.approved',
    version: 1,
    description: 'The authority accepted a due diligence statement and gave it a reference number.',
    schema: data(identity, { ...statement, approvedAt: time('When.') }),
    example: { ...dds, referenceNumber: '24FRXVV3VOS991', approvedAt: '2024-01-16T08:12:45.000Z' },
  },
];
