/** Namespace of Sparkplug B. */
export const NAMESPACE = 'spBv1.0';

export const NODE_MESSAGES = ['NBIRTH', 'NDEATH', 'NDATA', 'NCMD'] as const;
export const DEVICE_MESSAGES = ['DBIRTH', 'DDEATH', 'DDATA', 'DCMD'] as const;
export type MessageType = (typeof NODE_MESSAGES)[number] | (typeof DEVICE_MESSAGES)[number];

export type SparkplugTopic =
  | {
      readonly kind: 'message';
      readonly type: MessageType;
      readonly group: string;
      readonly node: string;
      /** Null in a message of the edge node itself. */
      readonly device: string | null;
    }
  | { readonly kind: 'state'; readonly host: string }
  | { readonly kind: 'malformed'; readonly detail: string };

const malformed = (detail: string): SparkplugTopic => ({ kind: 'malformed', detail });

/** `namespace/group/type/node[/device]` (chapter 4.1), or `spBv1.0/STATE/<host>`. */
export const parseTopic = (topic: string): SparkplugTopic => {
  const [namespace, group, type, node, device, ...more] = topic.split('/');
  if (namespace !== NAMESPACE) return malformed(`The topic does not begin with ${NAMESPACE}.`);
  if (group === 'STATE')
    return type && node === undefined
      ? { kind: 'state', host: type }
      : malformed(`A STATE topic is ${NAMESPACE}/STATE/<host>.`);
  if (!group) return malformed('The topic names no group.');
  if (!node) return malformed('The topic names no edge node.');
  const ofNode = (NODE_MESSAGES as readonly (string | undefined)[]).includes(type);
  const ofDevice = (DEVICE_MESSAGES as readonly (string | undefined)[]).includes(type);
  if (!ofNode && !ofDevice) return malformed(`${String(type).slice(0, 32)} is not a type of message.`);
  if (ofNode && device !== undefined) return malformed(`A topic of type ${type} names no device; this has ${device}.`);
  if (ofDevice && !device) return malformed(`A topic of type ${type} names a device; this has none.`);
  if (more.length > 0) return malformed(`The topic has ${5 + more.length} levels; the most is 5.`);
  return { kind: 'message', type: type as MessageType, group, node, device: device ?? null };
};

export const messageTopic = (type: MessageType, group: string, node: string, device?: string): string =>
  [NAMESPACE, group, type, node, ...(device === undefined ? [] : [device])].join('/');

export const stateTopic = (host: string): string => `${NAMESPACE}/STATE/${host}`;
