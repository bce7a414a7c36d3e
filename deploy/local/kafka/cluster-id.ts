/** A cluster's id from 16 random bytes: base64url, 22 characters. A first "-" would be read as an option by Kafka's tools. */
export const clusterId = (random: Buffer): string => random.toString('base64url').replace(/^-/, 'A');
