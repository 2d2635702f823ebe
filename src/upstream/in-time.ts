import type { GatewayError } from '../shared/errors.ts'

/**
 * Runs what can be aborted, with an end in time.
 * @param late made and thrown when the time is up
 * @throws the signal's reason when it aborted, whatever the work threw because of it
 */
export async function inTime<T> (timeoutMs: number, signal: AbortSignal, late: () => GatewayError, work: (either: AbortSignal) => Promise<T>): Promise<T> {
  const either = new AbortController()
  const give = (): void => { either.abort(signal.reason) }
  const timer = setTimeout(() => either.abort(late()), timeoutMs)
  signal.addEventListener('abort', give, { once: true })
  try {
    if (signal.aborted) throw signal.reason
    return await work(either.signal)
  } catch (thrown) {
    throw either.signal.aborted ? either.signal.reason : thrown
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', give)
  }
}
