import type { CompactedView, KafkaConnection } from '@millrace/kafka';
import { decodeEndpointHealth, type EndpointHealthRecord, partitionOfKey } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';

/** How every endpoint was doing when its owner last wrote it down; the next owner goes on from there. Kept as bytes. */
export class EndpointHealthView implements KafkaWorker {
  private readonly records = new Map<number, Map<string, Buffer>>();
  private readonly view: CompactedView;

  constructor(
    kafka: Pick<KafkaConnection, 'compactedView'>,
    topic: string,
    private readonly partitions: number,
  ) {
    this.view = kafka.compactedView({
      topic,
      onMessage: ({ key, value }) => {
        if (key === null) return;
        const id = key.toString('utf8');
        const partition = partitionOfKey(id, this.partitions);
        let records = this.records.get(partition);
        if (!records) {
          records = new Map();
          this.records.set(partition, records);
        }
        if (value === null) records.delete(id);
        else records.set(id, value);
      },
    });
  }

  /** Everything that was written before the call. */
  async recordsOf(partitions: readonly number[]): Promise<Map<number, EndpointHealthRecord[]>> {
    await this.view.waitForEnd();
    return new Map(
      partitions.map((partition) => [
        partition,
        [...(this.records.get(partition)?.values() ?? [])].flatMap((value) => decodeEndpointHealth({ value }) ?? []),
      ]),
    );
  }

  start(): Promise<void> {
    return this.view.start();
  }

  async stop(): Promise<void> {
    await this.view.close();
  }

  health() {
    return this.view.health();
  }
}
