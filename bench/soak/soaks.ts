import type { Part } from '../report/part';
import { outage } from './outage.soak';
import { storm } from './storm.soak';
import { tags } from './tags.soak';

/** All long checks of machine ingest, in the order in which they run. */
export const SOAKS: readonly Part[] = [tags, storm, outage];
