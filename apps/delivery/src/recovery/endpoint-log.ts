import { type DeliveryFact, decodeFacts, isDeliveryFact } from '@millrace/protocol';
import type { PatientReader } from './patient-reader';
import type { Stretch } from './recovery-cursor';

/**
 * The facts of one endpoint, from its partition of the delivery log, in order. Most records are about other endpoints: those
 * that do not name this one are not parsed.
 */
export class EndpointLog {
  private at: Stretch;

  constructor(
    private readonly reader: PatientReader,
    private readonly endpointId: string,
    from: Stretch,
  ) {
    this.at = { ...from };
  }

  /** Up to the end of its stretch. `onFact` learns the offset of the record that the fact is in, and may wait. */
  async read(onFact: (fact: DeliveryFact, offset: bigint) => void | Promise<void>): Promise<void> {
    while (this.at.next < this.at.end) {
      const { messages, next } = await this.reader.fetch(this.at);
      for (const message of messages) {
        if (this.reader.outOfBreath) await this.reader.breathe();
        if (!message.value?.includes(this.endpointId)) continue;
        for (const fact of decodeFacts(message) ?? []) {
          if (!isDeliveryFact(fact) || fact.endpointId !== this.endpointId) continue;
          const waiting = onFact(fact, message.offset);
          if (waiting) await waiting;
        }
      }
      this.at.next = next;
    }
  }

  /** Goes on to the end that the log has now. */
  async readOn(onFact: (fact: DeliveryFact) => void): Promise<void> {
    const end = await this.reader.endOf(this.at.topic, this.at.partition);
    if (end > this.at.end) this.at = { ...this.at, end };
    await this.read(onFact);
  }
}
