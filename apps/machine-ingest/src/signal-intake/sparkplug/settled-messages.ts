import { messageDigest } from '../mqtt/message-digest';
import type { MqttMessage } from '../mqtt/mqtt-connection';

const LENGTH = 8;
/** 48 bits of it, for a cursor: few enough are kept that two of them are not the same. */
export const shortDigest = (digest: string): string => digest.slice(0, LENGTH);

/**
 * QoS 1 messages that are done with. Their acknowledgement goes out after the cursor that has their digests is stored, and
 * may be lost: the broker then sends them again to a successor, which drops what its cursor knows and takes all else for
 * what follows. `most`: as many as the broker may have sent without an acknowledgement.
 */
export class SettledMessages {
  /** The latest at the end. */
  private readonly digests: Set<string>;

  constructor(
    stored: unknown,
    private readonly most: number,
  ) {
    const text = typeof stored === 'string' ? stored : '';
    this.digests = new Set(text.match(new RegExp(`.{${LENGTH}}`, 'g')) ?? []);
  }

  has(message: MqttMessage): boolean {
    return message.qos > 0 && this.digests.has(shortDigest(messageDigest(message)));
  }

  note(message: MqttMessage): void {
    if (message.qos === 0) return;
    const digest = shortDigest(messageDigest(message));
    this.digests.delete(digest);
    this.digests.add(digest);
    if (this.digests.size <= this.most) return;
    for (const oldest of this.digests) {
      this.digests.delete(oldest);
      return;
    }
  }

  stored(): string {
    return [...this.digests].join('');
  }
}
