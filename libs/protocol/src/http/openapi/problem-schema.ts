import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../problem';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          path: z.string(),
          detail: z.string(),
          code: z.string().optional(),
          line: z.int().optional().meta({ description: 'In a document that came as text; from 1, as `column`.' }),
          column: z.int().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is stable.' });
