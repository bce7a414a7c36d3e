/** The message is stored and will be published, but not within the time that the caller had. */
export class NotPublished extends Error {
  override readonly name = 'NotPublished';
}
