/**
 * The most that scripts and gate may weigh, in bytes after gzip. A test fails when a build is heavier.
 *
 * When to raise a limit: a feature that you want costs more, and you have looked for a lighter way. Set the limit to the new weight plus
 * 5 %, and name the reason in the commit. When to lower one: a build became lighter by more than 5 %.
 *
 * For comparison, an empty page of Next 16.4.6 weighs 134,900 bytes and an empty gate 53,700.
 */
export const weightLimits = {
  /** Scripts of `/auth/login`, of which Ory Elements is the largest part. */
  login: 265_600,
  /** Scripts of `/dashboard`. */
  dashboard: 150_200,
  /** The middleware. */
  gate: 110_400,
}
