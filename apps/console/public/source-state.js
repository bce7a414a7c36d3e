/** What a source is doing, in one word. */

/** Its peer calls, and whichever process is called stores what comes: the source itself counts nothing and is never connected. */
export const isCalled = ({ url }) => url !== null;

const READY = new Set(['connected', 'connecting', 'waiting']);

/** What it is called by: a source that is switched off has no connection worth a word, and who is called has none at all. */
export const connectionOf = (source) => {
  if (!source.enabled) return 'off';
  const { connection } = source.state;
  return isCalled(source) && READY.has(connection) ? 'listening' : connection;
};
