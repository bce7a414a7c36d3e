import { stateTopic } from '@millrace/sparkplug';
import type { MqttOutgoing } from '../mqtt/mqtt-connection';

/**
 * STATE of a primary host (Sparkplug 3.0, 6.4.29): retained JSON, offline by the will, online after the subscriptions, both
 * with the same stamp. Edge nodes that wait for their primary host send while it says online.
 */
export class HostState {
  private stamp = 0;

  constructor(private readonly hostId: string) {}

  get topic(): string {
    return stateTopic(this.hostId);
  }

  /** For a new connection. */
  will(now: number): MqttOutgoing {
    this.stamp = now;
    return this.says(false, now);
  }

  online(): MqttOutgoing {
    return this.says(true, this.stamp);
  }

  farewell(now: number): MqttOutgoing {
    return this.says(false, now);
  }

  /** The will of a predecessor may come after we are there, and must not stand. */
  answer(payload: Buffer): MqttOutgoing | null {
    let said: unknown;
    try {
      said = JSON.parse(payload.toString('utf8'));
    } catch {
      return this.online();
    }
    const online = typeof said === 'object' && said !== null && (said as { online?: unknown }).online === true;
    return online ? null : this.online();
  }

  private says(online: boolean, timestamp: number): MqttOutgoing {
    return { topic: this.topic, payload: Buffer.from(JSON.stringify({ online, timestamp })), qos: 1, retain: true };
  }
}
