export { eventually } from './eventually';
export {
  type Reaction,
  type ReceivedRequest,
  type Script,
  type ScriptedAnswer,
  ScriptedReceiver,
} from './scripted-receiver';
export { isolatedEnvironment, type TestEnvironment, testEnvironment } from './test-environment';
