import type { DeliveryListQuery } from '../history-api/history-query';
import { deliveryListQuery } from '../history-api/history-query';

/** The filter of a list that another API asks for in its own words. */
export const listOfContract = (contract: string, more: Partial<DeliveryListQuery>): DeliveryListQuery => ({
  ...deliveryListQuery.parse({}),
  contract,
  ...more,
});
