import { DataType, Variant } from 'node-opcua-client';
import type { Lost } from './server-connection';

/**
 * Has the server name all conditions that stand; its answer comes among the events (OPC 10000-9, 5.5.7). `refused` is called
 * for each subscription for which it does not. Never throws.
 */
export const refreshConditions = async ({ session, watch }: Lost, refused: () => void): Promise<void> => {
  for (const [subscriptionId, { events }] of watch.subscriptions) {
    if (!events) continue;
    try {
      const { statusCode } = await session.call({
        objectId: 'ns=0;i=2782',
        methodId: 'ns=0;i=3875',
        inputArguments: [new Variant({ dataType: DataType.UInt32, value: subscriptionId })],
      });
      if (!statusCode.isGood()) refused();
    } catch {
      refused();
    }
  }
};
