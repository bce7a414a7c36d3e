import { statusLabel } from './dom.js';
import { ago, counted } from './words.js';

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

/** Sentences about the machines that other sources feed too, which is often meant and sometimes a slip; empty where there is none. */
export const sharedWords = ({ name, machines }, all) =>
  (machines ?? [])
    .map((machine) => ({
      machine,
      by: all.filter((each) => each.name !== name && each.enabled && each.machines?.includes(machine)),
    }))
    .filter(({ by }) => by.length > 0)
    .slice(0, MOST_SHARED)
    .map(
      ({ machine, by }) =>
        `${by.map((each) => each.name).join(' and ')} also feed${by.length === 1 ? 's' : ''} ${machine}.`,
    )
    .join(' ');
const MOST_SHARED = 5;

/** What a source has refused is to be seen to for so long after it refused the last; after that it is history. */
const RECENT_MS = 3_600_000;
const refusedLately = ({ refused, lastRefusedAt }) =>
  refused > 0 && lastRefusedAt !== null && Date.now() - Date.parse(lastRefusedAt) < RECENT_MS;

/** What of a source is lacking though it is connected; null where nothing is. */
const lackOf = ({ enabled, state }) => {
  const { refused, lastRefusedAt, counts } = state;
  const { refusedItems = 0, lostDevices = 0 } = counts;
  const told = [
    lostDevices === 0 ? null : `${counted(lostDevices, 'device does', 'devices do')} not answer`,
    refusedItems === 0 ? null : `${counted(refusedItems, 'item')} refused by its peer`,
    refusedLately(state)
      ? `${counted(refused, 'message')} refused, the last ${ago(lastRefusedAt)}, see the quarantine`
      : null,
  ].filter((each) => each !== null);
  return !enabled || told.length === 0 ? null : told.join(', ');
};

const WELL = new Set(['connected', 'listening', 'finished']);

/** Its connection; one that is well and still lacks something looks like what somebody has to see to. */
export const sourceLabel = (source) => {
  const connection = connectionOf(source);
  return statusLabel(connection, WELL.has(connection) && lackOf(source) !== null ? 'degraded' : connection);
};

/** What is wrong with it now; else what it lacks, and the last thing that was wrong, with its age. Null where nothing was. */
export const troubleOf = (source) => {
  const { connection, reason, lastError } = source.state;
  if (source.enabled && reason !== null && (connection === 'disconnected' || connection === 'degraded'))
    return { said: reason, over: false };
  const lack = lackOf(source);
  const last = lastError === null ? null : `${ago(lastError.at)}: ${lastError.detail}`;
  if (lack === null) return last === null ? null : { said: last, over: true };
  return { said: last === null ? `${lack}.` : `${lack}. ${last}`, over: false };
};
