import { createHash } from 'node:crypto';
import type { MqttMessage } from './mqtt-connection';

/** Of topic and bytes: a message that comes again has the same. */
export const messageDigest = ({ topic, payload, digest }: Pick<MqttMessage, 'topic' | 'payload' | 'digest'>): string =>
  digest ?? createHash('sha1').update(topic).update('\n').update(payload).digest('base64');
