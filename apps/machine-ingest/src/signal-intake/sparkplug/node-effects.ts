import type { Signal } from '@millrace/domain';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import type { Outcome } from '../mqtt/mqtt-intake';

export const COUNTS = [
  'births',
  'rebirths',
  'deaths',
  'lateDeaths',
  'duplicates',
  'gaps',
  'lost',
  'late',
  'held',
  'typeChanges',
  'unmapped',
] as const;
export type CountName = (typeof COUNTS)[number];

/** What a step has to say; written in the order in which it is to be stored. */
export class NodeEffects {
  readonly signals: Signal[] = [];
  readonly refused: Array<Outcome['refused'][number]> = [];
  readonly settled: MqttMessage[] = [];
  readonly counts: { [name in CountName]?: number } = {};
  /** The node is to be asked for its births. */
  rebirth = false;

  count(name: CountName, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  refuse(message: MqttMessage, code: string, detail: string): void {
    const { topic, payload, receivedAt } = message;
    this.refused.push({ session: topic.slice(0, 200), bytes: payload, code, detail, at: receivedAt });
  }
}
