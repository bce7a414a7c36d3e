import { machineKey } from '@millrace/domain';
import { type MachineList, type MachineView, machineListQuerySchema } from '@millrace/protocol';
import { ApiProblem, CurrentTenant, notFound, ParsedQuery, RequireScope } from '@millrace/service-runtime';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { MachineDirectory } from './machine-directory';
import { pageOfMachines, readMachineCursor, viewOfMachine } from './machine-view';

/** What each machine is doing now. Every instance answers for all machines, from the states that the owners store. */
@Controller('v1/machines')
@RequireScope('machines:read')
export class MachinesController {
  constructor(@Inject(MachineDirectory) private readonly machines: MachineDirectory) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(machineListQuerySchema) query: { limit: number; cursor?: string },
  ): MachineList {
    const after = query.cursor === undefined ? null : readMachineCursor(query.cursor);
    if (query.cursor !== undefined && after === null)
      throw new ApiProblem('invalid_cursor', 'The cursor is not one that this list gave out; begin without one.');
    return pageOfMachines(this.machines.ofTenant(tenant), query.limit, after);
  }

  @Get(':id')
  one(@CurrentTenant() tenant: string, @Param('id') id: string): MachineView {
    const state = this.machines.get(machineKey(tenant, id));
    if (state === null) throw notFound('machine');
    return viewOfMachine(state);
  }
}
