import { SECRET_BYTES, SYMMETRIC_SECRET_PREFIX, secretBytes } from '@millrace/domain';
import { z } from 'zod';

const unpadded = (base64: string): string => base64.replace(/=+$/, '');

/**
 * A secret that a client brings: `whsec_` and the base64 of 24 to 64 bytes. The text must be the one that its bytes give,
 * because receivers that decode leniently and those that decode strictly must arrive at the same key.
 */
export const isClientSecret = (text: string): boolean => {
  if (text.length > 128) return false;
  const bytes = secretBytes(text);
  return (
    bytes !== null &&
    bytes.length >= SECRET_BYTES.least &&
    bytes.length <= SECRET_BYTES.most &&
    unpadded(bytes.toString('base64')) === unpadded(text.slice(SYMMETRIC_SECRET_PREFIX.length))
  );
};

export const clientSecret = z
  .string({ error: 'must be text' })
  .refine(isClientSecret, {
    error: `must be ${SYMMETRIC_SECRET_PREFIX} and the base64 of ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes; leave it out and one is made`,
  })
  .meta({ description: 'Leave it out and Millrace makes one. Never readable later.' });
