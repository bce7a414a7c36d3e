import { type FilterTestView, type FilterTestWish, testFilterRequest } from '@millrace/protocol';
import { CurrentTenant, JsonBody, RequireScope } from '@millrace/service-runtime';
import { Controller, HttpCode, Post } from '@nestjs/common';
import { FilterTest } from './filter-test.handler';

@Controller('v1/filters')
@RequireScope('webhooks:read')
export class FilterTestController {
  constructor(private readonly filters: FilterTest) {}

  @Post('test')
  @HttpCode(200)
  test(@CurrentTenant() tenant: string, @JsonBody(testFilterRequest) wish: FilterTestWish): Promise<FilterTestView> {
    return this.filters.handle(tenant, wish);
  }
}
