import { type DatatypeName, type EdgeMetric, SparkplugEdge } from '@millrace/sparkplug';
import { startLineBroker } from './mqtt-broker';
import { atRest, beforeTheShift, nextStep, type Said, type Shift } from './roll-former';

/** Where the line is in Sparkplug's name space. */
export const LINE = { group: 'PlantA', node: 'RollForm', device: 'Line1' } as const;

export interface SimulatedLine {
  /** Address of its broker. */
  readonly url: string;
  /** Until then the broker is there, and nobody speaks. */
  begin(): Promise<void>;
  close(): Promise<void>;
}

const UNITS: { readonly [metric: string]: string } = {
  'Length/Good': '[in_i]',
  'Length/Scrap': '[in_i]',
  'Length/Reclaimed': '[in_i]',
  'Item/LengthTarget': '[in_i]',
  'Piece/Length': '[in_i]',
  'Bundle/Weight': '[lb_av]',
};

/**
 * The simulated roll former behind a gateway that speaks Sparkplug B over MQTT, as such lines do: born with all its
 * values, then each change as it happens, and a will that tells its death.
 */
export const startSimulatedLine = async (
  port: number,
  firstOrder: number,
  chance: () => number = Math.random,
): Promise<SimulatedLine> => {
  const broker = await startLineBroker(port);
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const edge = new SparkplugEdge({
    url,
    group: LINE.group,
    node: LINE.node,
    aliases: true,
    metrics: [],
    devices: { [LINE.device]: Object.entries(atRest).map(([name, value]) => metricOf(name, value)) },
  });
  let shift: Shift = beforeTheShift(firstOrder);
  let timer: NodeJS.Timeout | null = null;
  let ended = false;

  const work = async (): Promise<void> => {
    const step = nextStep(shift, chance);
    shift = step.shift;
    await tell(edge, step.says);
    if (!ended) timer = setTimeout(() => void work(), step.waitMs);
  };
  return {
    url,
    begin: async () => {
      await edge.start();
      if (!ended) timer = setTimeout(() => void work(), 500);
    },
    close: async () => {
      ended = true;
      if (timer !== null) clearTimeout(timer);
      await edge.stop().catch(() => undefined);
      await broker.close();
    },
  };
};

/** A broker that goes takes no word; the next birth has what it missed. */
const tell = (edge: SparkplugEdge, says: Said): Promise<void> => edge.say(LINE.device, says).catch(() => undefined);

const typeOf = (value: Said[string]): DatatypeName =>
  typeof value === 'boolean' ? 'Boolean' : typeof value === 'string' ? 'String' : 'Double';

const metricOf = (name: string, value: Said[string]): EdgeMetric => {
  const unit = UNITS[name];
  const type = unit === undefined && typeof value === 'number' ? 'Int64' : typeOf(value);
  return { name, type, value, ...(unit === undefined ? {} : { unit }) };
};
