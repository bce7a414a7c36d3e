export { eventually } from './eventually';
export { GroupMembers } from './group-members';
export { HOSTILE_PAYLOADS, type HostilePayload } from './hostile-payloads';
export { InProcessBroker, MosquittoBroker, type MosquittoOptions } from './mqtt-broker';
export {
  type AgentCondition,
  type AgentDevice,
  type AgentGarbage,
  type AgentItem,
  type AgentObservation,
  MtconnectAgent,
  type MtconnectAgentOptions,
} from './mtconnect-agent';
export { randomFrom } from './random-from';
export {
  type Reaction,
  type ReceivedRequest,
  type Script,
  type ScriptedAnswer,
  ScriptedReceiver,
} from './scripted-receiver';
export {
  type ServiceEnvironment,
  type ServiceName,
  type ServiceOptions,
  ServiceProcess,
  serviceVariables,
} from './service-process';
export { storedRows } from './stored-rows';
export { isolatedEnvironment, type TestEnvironment, testEnvironment } from './test-environment';
export { cpuMsOf, laterThanTimer, withCpuTime } from './time-taken';
