import type { Contract } from './contract';
import { standard } from './standard';

const CONTRACTS: readonly Contract[] = [standard];

export const CONTRACT_NAMES: readonly string[] = CONTRACTS.map((contract) => contract.name);

/** Undefined for a name or version that this build does not know. */
export const contractNamed = (name: string, version?: number): Contract | undefined =>
  CONTRACTS.find((contract) => contract.name === name && (version === undefined || contract.version === version));
