import { ago } from './words.js';

/** What a source is doing, in one word. */

/** Its peer calls, and whichever process is called stores what comes: there is no connection of its own. */
export const isCalled = ({ url }) => url !== null;

const READY = new Set(['connected', 'connecting', 'waiting']);

/** What it is called by: a source that is switched off has no connection worth a word, and who is called has none at all. */
export const connectionOf = (source) => {
  if (!source.enabled) return 'off';
  const { connection } = source.state;
  return isCalled(source) && READY.has(connection) ? 'listening' : connection;
};

/** What is wrong with it now; else the last thing that was, with its age. Null where nothing was. */
export const troubleOf = ({ enabled, state: { connection, reason, lastError } }) => {
  if (enabled && reason !== null && (connection === 'disconnected' || connection === 'degraded'))
    return { said: reason, over: false };
  return lastError === null ? null : { said: `${ago(lastError.at)}: ${lastError.detail}`, over: true };
};
