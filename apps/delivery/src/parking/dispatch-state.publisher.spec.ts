import type { OutgoingMessage } from '@millrace/protocol';
import { DispatchStatePublisher } from './dispatch-state.publisher';
import { ParkedOffsets } from './parked-offsets';

describe('the dispatch state as it is written', () => {
  it('is that of the last change, also when a chunk was emptied and begun anew before the flush', async () => {
    const written: OutgoingMessage[] = [];
    const publisher = new DispatchStatePublisher(
      {
        send: async (messages) => {
          written.push(...messages);
          return true;
        },
      },
      'state',
      'me',
    );
    const parked = new ParkedOffsets();
    parked.add(1, null);
    publisher.putChunk(0, 'ep', parked.remove(1)!);
    await new Promise<void>((resolve) => publisher.putChunk(0, 'ep', parked.add(2, null)!, resolve));
    expect(written).toHaveLength(1);
    expect(JSON.parse(String(written[0]!.value))).toMatchObject({ kind: 'parked', base: 0 });
  });
});
