/**
 * Whether a message of an epoch that is over is still taken (RFC 9420 §14, §15.2).
 *
 * @module
 */

/**
 * Says how many epochs a message may lag behind the group's, so that its sender is a member now: a proof for epoch p accepts
 * it only while p is the current epoch. A removed member has no proof for that one, and the store compares the epoch and
 * appends in one step.
 */
export function pastEpochsFor(messageEpoch: bigint, proofEpoch: bigint, configured: number): number {
  const lag = proofEpoch - messageEpoch;
  return lag < BigInt(configured) ? Number(lag) : configured;
}
