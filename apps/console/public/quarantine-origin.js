/**
 * The source that read a record, and the session that it was read in; both null where the record came from a topic. The API
 * writes them as `<source>/<session>`: no name of a topic and none of a source has a slash.
 */
export const originOf = ({ origin: { topic } }) => {
  const slash = topic.indexOf('/');
  return slash <= 0
    ? { source: null, session: null }
    : { source: topic.slice(0, slash), session: topic.slice(slash + 1) };
};
