/** What a machine is doing, in our words. */
export const MACHINE_STATUSES = ['running', 'idle', 'held', 'down', 'offline', 'unknown'] as const;
export type MachineStatus = (typeof MACHINE_STATUSES)[number];
