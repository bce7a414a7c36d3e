import { fullFormats } from 'ajv-formats/dist/formats';

/** Longer texts are of no format; it also bounds the time that the expressions behind the formats can take. */
const LONGEST_FORMATTED = 2_048;

const NAMES = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'time',
  'uri',
  'uri-reference',
  'uuid',
] as const;

const tester = (name: (typeof NAMES)[number]): ((text: string) => boolean) => {
  const format: unknown = fullFormats[name];
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === 'function') return format as (text: string) => boolean;
  const { validate } = format as { validate: RegExp | ((text: string) => boolean) };
  return validate instanceof RegExp ? (text) => validate.test(text) : validate;
};

/** The formats that a schema may name, each as a test of a text. They are asserted: a text that is not of its format is wrong. */
export const FORMATS: { readonly [name: string]: (text: string) => boolean } = Object.fromEntries(
  NAMES.map((name) => {
    const test = tester(name);
    return [name, (text: string) => text.length <= LONGEST_FORMATTED && test(text)];
  }),
);
