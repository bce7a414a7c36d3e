export { DATATYPES, type DatatypeName, datatypeName } from './datatype';
export { decodePayload, type PayloadReading } from './decode-payload';
export { type EdgeLayout, type EdgeMessage, type EdgeMetric, EdgeSession } from './edge/edge-session';
export { SparkplugEdge, type SparkplugEdgeOptions } from './edge/sparkplug-edge';
export { encodePayload, type MetricToSend, type PayloadToSend } from './encode-payload';
export { asksForRebirth, BDSEQ, bdSeqOf, REBIRTH, rebirthCommand } from './node-control';
export * from './payload';
export { type MetricValue, readValue, type ValueReading } from './read-value';
export { type MessageType, messageTopic, NAMESPACE, parseTopic, type SparkplugTopic, stateTopic } from './topic';
