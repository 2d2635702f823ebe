/** True if the promise settles within `maxMs`, false if the time is over first. The promise must not reject. */
export async function settlesWithin (promise: Promise<unknown>, maxMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, maxMs, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
