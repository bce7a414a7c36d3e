import { type Expression, ExpressionFailed, type ExpressionValue } from './expression';
import type { MappedSignal, PassthroughRule } from './mapping';

/**
 * Messages that are events already, as sources of type `http` bring them: a BundleResult of Eclipse Pro under the path
 * `bundle`, and what the MES tells under the types of its events. They need no mapping, since both ends are known.
 */
interface MessageRule {
  readonly path: string;
  readonly alias: string;
  readonly emit: string;
  /** Member that holds the event's data; null: the message is the data. */
  readonly data: string | null;
  /** Member by which a repeat is known. */
  readonly key: string;
}

const MES_TYPES = [
  ...['work_order.created', 'work_order.started', 'work_order.completed', 'work_order.updated'],
  ...['operation.started', 'operation.completed', 'quality.inspection_complete', 'quality.ncr_created'],
  ...['inventory.material_allocated', 'inventory.material_consumed'],
];

const MESSAGES: readonly MessageRule[] = [
  { path: 'bundle', alias: 'bundle', emit: 'bundle.completed', data: null, key: 'BundleCode' },
  ...MES_TYPES.map((type) => ({ path: type, alias: aliasOf(type), emit: type, data: 'data', key: 'id' })),
];

export const MESSAGE_SIGNALS: { readonly [alias: string]: MappedSignal } = Object.fromEntries(
  MESSAGES.map(({ path, alias }) => [
    alias,
    {
      alias,
      source: null,
      paths: [path],
      ignoreCase: false,
      type: 'json',
      unit: null,
      scale: null,
      modulus: null,
      staleAfterMs: null,
      deadband: null,
    },
  ]),
);

export const MESSAGE_RULES: readonly PassthroughRule[] = MESSAGES.map(({ alias, emit, data, key }) => ({
  id: alias,
  kind: 'passthrough',
  emit,
  input: alias,
  type: null,
  data: data === null ? null : member(data),
  key: member(key),
}));

/** `work_order.created` is workOrderCreated: an alias has no points. */
function aliasOf(type: string): string {
  return type.replace(/[._]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function member(name: string): Expression {
  return {
    text: `message.${name}`,
    inputs: [],
    evaluate: ({ locals }) => {
      const message = locals['message'];
      if (!isObject(message) || !Object.hasOwn(message, name))
        throw new ExpressionFailed(`The message has no ${name}.`);
      return message[name]!;
    },
  };
}

const isObject = (value: ExpressionValue | undefined): value is { readonly [member: string]: ExpressionValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
