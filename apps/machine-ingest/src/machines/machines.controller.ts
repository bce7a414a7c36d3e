import { machineKey } from '@millrace/domain';
import { type MachineList, type MachineSignalList, type MachineView, machineListQuerySchema } from '@millrace/protocol';
import {
  type ApiPrincipal,
  ApiProblem,
  CurrentPrincipal,
  CurrentTenant,
  changeOf,
  notFound,
  ParsedQuery,
  RequireScope,
} from '@millrace/service-runtime';
import { Controller, Delete, Get, HttpCode, Inject, Param } from '@nestjs/common';
import { CONFIGURATION, type LateConfiguration } from '../configuration';
import { MachineDirectory } from './machine-directory';
import { MachineSignals } from './machine-signals';
import { pageOfMachines, readMachineCursor, viewOfMachine } from './machine-view';

/** What each machine is doing now. Every instance answers for all machines, from the states that the owners store. */
@Controller('v1/machines')
@RequireScope('machines:read')
export class MachinesController {
  constructor(
    @Inject(MachineDirectory) private readonly machines: MachineDirectory,
    @Inject(CONFIGURATION) private readonly configuration: LateConfiguration,
    @Inject(MachineSignals) private readonly signals: MachineSignals,
  ) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(machineListQuerySchema) query: { limit: number; cursor?: string },
  ): MachineList {
    const after = readCursor(query.cursor);
    return pageOfMachines(this.machines.ofTenant(tenant), query.limit, after);
  }

  @Get(':id')
  one(@CurrentTenant() tenant: string, @Param('id') id: string): MachineView {
    const state = this.machines.present(machineKey(tenant, id));
    if (state === null) throw notFound('machine');
    return viewOfMachine(state);
  }

  /** Answered 503 while the database is away. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('machines:write')
  async remove(@CurrentPrincipal() principal: ApiPrincipal, @Param('id') id: string): Promise<void> {
    await this.configuration.get().removeMachine.handle(changeOf(principal), id);
  }

  @Get(':id/signals')
  signalsOf(
    @CurrentTenant() tenant: string,
    @Param('id') id: string,
    @ParsedQuery(machineListQuerySchema) query: { limit: number; cursor?: string },
  ): MachineSignalList {
    const page = this.signals.page(tenant, id, { limit: query.limit, after: readCursor(query.cursor) });
    if (page === null) throw notFound('machine');
    return page;
  }
}

const readCursor = (cursor: string | undefined): string | null => {
  const after = cursor === undefined ? null : readMachineCursor(cursor);
  if (cursor !== undefined && after === null)
    throw new ApiProblem('invalid_cursor', 'The cursor is not one that this list gave out; begin without one.');
  return after;
};
