import type { SourceKind } from '../source-kind';
import { ModbusSource } from './modbus.source';
import { type ModbusSettings, machinesOf, modbusSettings } from './modbus-settings';
import { tryModbus } from './try-modbus';

export const modbusSourceKind: SourceKind<ModbusSettings> = {
  type: 'modbus',
  says: 'A device that speaks Modbus TCP, or several behind a gateway: registers and bits are polled, and what changes is told.',
  settings: modbusSettings,
  secrets: [],
  machines: machinesOf,
  reaches: ({ host, port }) => [{ kind: 'peer', host, port, path: 'host' }],
  tryOnce: tryModbus,
  open: (settings, context) => new ModbusSource(settings, context),
};
