import { createHash } from 'node:crypto';

interface Digestible {
  readonly topic: string;
  readonly payload: Buffer;
  /** Where it has been made before. */
  readonly digest?: string;
}

/** Of topic and bytes: a message that comes again has the same. */
export const messageDigest = ({ topic, payload, digest }: Digestible): string =>
  digest ?? createHash('sha1').update(topic).update('\n').update(payload).digest('base64');
