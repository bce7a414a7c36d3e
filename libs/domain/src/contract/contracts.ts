import type { Contract } from './contract';
import { eclips } from './eclips';
import { eclipse } from './eclipse';
import { mes } from './mes';
import { nentropy } from './nentropy';
import { proign } from './proign';
import { standard } from './standard';

const CONTRACTS: readonly Contract[] = [standard, eclipse, eclips, proign, mes, nentropy];

export const CONTRACT_NAMES: readonly string[] = CONTRACTS.map((contract) => contract.name);

/** Undefined for a name or version that this build does not know. */
export const contractNamed = (name: string, version?: number): Contract | undefined =>
  CONTRACTS.find((contract) => contract.name === name && (version === undefined || contract.version === version));
