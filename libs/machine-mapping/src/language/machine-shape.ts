import { isMachineName, isTenantName } from '@millrace/domain';
import { listOf } from './list-shapes';
import { object, optional, required } from './object-shape';
import { number } from './scalar-shapes';
import { text, word } from './text-shape';

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
};

const MACHINE = word({
  says: 'the name of the machine',
  most: 128,
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  examples: ['rf-01'],
  also: (name) => (isMachineName(name) ? null : 'must be the name of a machine: letters, digits, . _ and -'),
});

const TIME_ZONE = text({
  says: 'an IANA time zone',
  most: 64,
  pattern: /^[A-Za-z][A-Za-z0-9_+/-]*$/,
  examples: ['America/Chicago'],
  also: (name) => (isTimeZone(name) ? null : `'${name}' is no IANA time zone; they look like America/Chicago or UTC`),
});

const NUMBER = number({
  says: 'the number of the machine (FinalMachineNumber), a whole number from 0',
  whole: true,
  least: 0,
  most: 2_147_483_647,
});

const TENANT = text({
  says: 'the tenant',
  most: 64,
  also: (name) => (isTenantName(name) ? null : `'${name}' is no name of a tenant`),
});

export const machine = object('what is known of the machine', {
  tenant: optional(TENANT),
  id: required(MACHINE),
  timeZone: optional(TIME_ZONE),
  number: optional(NUMBER),
});

export const machines = listOf(
  object('what is known of one machine', {
    id: required(MACHINE),
    timeZone: optional(TIME_ZONE),
    number: optional(NUMBER),
  }),
  { says: 'the machines that the mapping serves, a list', least: 1, most: 500 },
);
