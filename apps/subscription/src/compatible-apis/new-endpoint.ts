import { createEndpointRequest, type NewEndpointSettings } from '@millrace/protocol';

/** Settings of an endpoint that another API than our own asks for; what it does not name is as it is by default. */
export const newEndpoint = (
  given: Pick<NewEndpointSettings, 'contract' | 'url' | 'eventTypes'> & Partial<NewEndpointSettings>,
): NewEndpointSettings => ({
  ...createEndpointRequest.parse({ url: given.url, eventTypes: given.eventTypes }),
  ...given,
});
