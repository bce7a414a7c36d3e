import type { CallOptions, Transport } from '../transport';
import type { ApiKey, CreatedApiKey, NewApiKey } from '../types/api-key';
import type { PageQuery } from '../types/page';
import { list, part, post, remove } from './requests';

export const apiKeyCalls = (transport: Transport) => ({
  list: (query: PageQuery = {}, options?: CallOptions) => list<ApiKey>(transport, '/v1/api-keys', query, options),
  /** The answer has the `key`, which is shown here and never again. */
  create: (key: NewApiKey, options?: CallOptions) => post<CreatedApiKey>(transport, '/v1/api-keys', key, options),
  revoke: (id: string, options?: CallOptions) => remove(transport, `/v1/api-keys/${part(id)}`, options),
});
