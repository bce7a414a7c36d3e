import { FILTER_ATTRIBUTES, type Filter, filterProblems } from '@millrace/domain';
import { z } from 'zod';

const scalar = { type: ['string', 'number', 'boolean', 'null'] };
const bound = { type: ['string', 'number'] };
/** The filter's own definition, as zod names it in a document. */
const self = { $ref: '#/$defs/Filter' };

/** A filter, with each problem at its place. Not a record of zod's, which would lose the name `__proto__`. */
export const filter = z
  .custom<Filter>()
  .superRefine((value, context) => {
    for (const { path, detail } of filterProblems(value))
      context.addIssue({ code: 'custom', message: detail, path: [...path] });
  })
  .meta({
    id: 'Filter',
    type: 'object',
    description: `All entries must hold. A name is a dotted path into the data of the event, or one of its attributes (${FILTER_ATTRIBUTES.map((name) => `\`@${name}\``).join(', ')}). What stands there must equal the value, or satisfy all operators; a path that is missing satisfies only \`$exists: false\`, \`$ne\` and \`$not\`.`,
    examples: [{ 'shipping.method': 'express', weight: { $gt: 20 } }, { $or: [{ machine: 'RF-1' }, { line: 3 }] }],
    properties: {
      $and: { type: 'array', items: self, minItems: 1 },
      $or: { type: 'array', items: self, minItems: 1 },
      $not: self,
    },
    additionalProperties: {
      anyOf: [
        scalar,
        {
          type: 'object',
          properties: {
            $eq: scalar,
            $ne: scalar,
            $in: { type: 'array', items: scalar, minItems: 1 },
            $gt: bound,
            $gte: bound,
            $lt: bound,
            $lte: bound,
            $exists: { type: 'boolean' },
            $not: { type: 'object' },
          },
          additionalProperties: false,
          minProperties: 1,
        },
      ],
    },
  });
