/** What the runtime provides for injection, everywhere: `@Inject(LOGGER) logger: Logger`. */
export const SERVICE_SETTINGS = Symbol('ServiceSettings');
export const LOGGER = Symbol('Logger');
/** KafkaConnection of @millrace/kafka. */
export const KAFKA = Symbol('KafkaConnection');
/** TopicNames of @millrace/protocol, with the site's prefix. */
export const TOPICS = Symbol('TopicNames');
/** ApiKeyDirectory. */
export const API_KEYS = Symbol('ApiKeyDirectory');
/** The service's own settings, as its `environment` spec reads them. */
export const OWN_SETTINGS = Symbol('OwnSettings');
/** IdempotencyStore of @millrace/postgres; a service with a database provides it, see `serviceDatabase`. */
export const IDEMPOTENCY = Symbol('IdempotencyStore');
