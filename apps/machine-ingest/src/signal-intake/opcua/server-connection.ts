import type { OPCUAClient, TransferSubscriptionsResponse } from 'node-opcua-client';
import { openSession, type ServerSession } from './connect-server';
import type { OpcuaSettings } from './opcua-settings';
import type { Watch } from './watch';

/** A server that was lost, and what it may still keep for us. */
export interface Lost {
  readonly session: ServerSession;
  readonly watch: Watch;
}

export interface Connection extends Lost {
  readonly client: OPCUAClient;
}

/** The session of before on the new channel, or its subscriptions in a new one; null where the server has neither. */
export const takeBack = async (
  client: OPCUAClient,
  { session, watch }: Lost,
  settings: OpcuaSettings,
): Promise<ServerSession | null> => {
  try {
    await client.reactivateSession(session);
    return session;
  } catch {
    // The server has ended the session, or is another one since: its subscriptions may have outlived that.
  }
  const subscriptionIds = [...watch.subscriptions.keys()];
  const next = await openSession(client, settings);
  try {
    const moved = await new Promise<TransferSubscriptionsResponse | undefined>((resolve, reject) =>
      next.transferSubscriptions({ subscriptionIds, sendInitialValues: false }, (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
    const results = moved?.results ?? [];
    if (results.length === subscriptionIds.length && results.every(({ statusCode }) => statusCode.isGood()))
      return next;
  } catch {
    // Not every server can.
  }
  await next.close(true);
  return null;
};
