import type { CallOptions, Transport } from '../transport';
import type {
  ActivatedMapping,
  Mapping,
  MappingDetail,
  MappingDocument,
  MappingToActivate,
  MappingToTest,
  MappingTrial,
  MappingValidation,
} from '../types/mapping';
import type { PageQuery } from '../types/page';
import { get, list, part, post, remove } from './requests';

const at = (name: string, rest = '') => `/v1/mappings/${part(name)}${rest}`;

export const mappingCalls = (transport: Transport) => ({
  /** Those that are active, by name. */
  list: (query: PageQuery = {}, options?: CallOptions) => list<Mapping>(transport, '/v1/mappings', query, options),
  /** Its machines are read by it from now on. A document that is active already changes nothing. */
  activate: (mapping: MappingToActivate, options?: CallOptions) =>
    post<ActivatedMapping>(transport, '/v1/mappings', mapping, options),
  /** Checks it and runs its tests; saves nothing. */
  validate: (mapping: MappingToActivate, options?: CallOptions) =>
    post<MappingValidation>(transport, '/v1/mappings/validate', mapping, options),
  /** What signals would have told under it; saves nothing. */
  test: (trial: MappingToTest, options?: CallOptions) =>
    post<MappingTrial>(transport, '/v1/mappings/test', trial, options),
  get: (name: string, options?: CallOptions) => get<MappingDetail>(transport, at(name), options),
  /** A version as it was sent. */
  version: (name: string, version: number, options?: CallOptions) =>
    get<MappingDocument>(transport, at(name, `/versions/${version}`), options),
  /** Its machines are read by the built-in mapping from now on. */
  delete: (name: string, options?: CallOptions) => remove(transport, at(name), options),
});
