/** The recovery cannot be carried out, and a repeat would end the same way. The message is one sentence for its user. */
export class RecoveryFailure extends Error {
  override readonly name = 'RecoveryFailure';
}
