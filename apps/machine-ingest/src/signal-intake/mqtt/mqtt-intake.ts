import type { Signal } from '@millrace/domain';
import type { RefusedLine } from '../source';
import type { OpenSourceHealth, SourceCursor } from '../source-kind';
import type { MqttMessage, MqttOutgoing } from './mqtt-connection';

/** What becomes of something that came. */
export interface Outcome {
  readonly signals: readonly Signal[];
  readonly refused: ReadonlyArray<Omit<RefusedLine, 'source' | 'line'>>;
  /** Messages that need not come again once the signals are stored: this one, or earlier ones that had to wait. */
  readonly settled: readonly MqttMessage[];
  readonly publish: readonly MqttOutgoing[];
}

export const NOTHING: Outcome = { signals: [], refused: [], settled: [], publish: [] };

/** What a kind of source makes of messages. It has no timers, no sockets and no clock of its own. */
export interface MqttIntake {
  readonly filters: readonly string[];
  /** What the broker would send again is acknowledged when the cursor that knows it is stored, and not before. */
  readonly cursorFirst: boolean;
  take(message: MqttMessage): Outcome;
  /** `resumed`: the broker has kept the session. */
  up(now: number, resumed: boolean): Outcome;
  down(now: number): Outcome;
  /** What is due at `now`. */
  tick(now: number): Outcome;
  /** Goes with the signals of the last outcome. */
  cursor(): SourceCursor;
  counts(): { readonly [name: string]: number };
  /** What somebody has to see to though the broker is connected; null where there was nothing. */
  lastError(): OpenSourceHealth['lastError'];
  /** Messages that wait for others. */
  held(): number;
  /** Told when a connection ends without us. */
  will(now: number): MqttOutgoing | null;
  /** Told when we end it. */
  farewell(now: number): MqttOutgoing | null;
}
