import { Type } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { count, flag, millis } from './terms.ts'

/** `retries`, of one server and of all. */
export function retries (what: string) {
  return Type.Optional(Type.Object({
    attempts: count('How often lists, reads and calls of tools.idempotent are sent again after a lost connection or a 502, 503 or 504. 0 = never. What was certainly not sent is sent once more in any case.', DEFAULTS.retries.attempts, 0, 5),
    budgetPercent: count('Most retries, as a share of the requests to the server; some are always allowed, so that quiet servers have them too.', DEFAULTS.retries.budgetPercent, 1, 100)
  }, { additionalProperties: false, description: what }))
}

/** `breaker`, of one server and of all. */
export function breaker (what: string) {
  return Type.Optional(Type.Object({
    enabled: flag('false = requests are sent however many fail.', true),
    calls: count('It looks at so many newest requests.', DEFAULTS.breaker.calls, 2, 10_000),
    windowMs: millis('Failures longer ago do not count.', DEFAULTS.breaker.windowMs),
    failedPercent: count('It opens when so many of them failed.', DEFAULTS.breaker.failedPercent, 1, 100),
    openMs: millis('How long it is open the first time; doubles each time that the server is still down.', DEFAULTS.breaker.openMs),
    maxOpenMs: millis('Longest time that it is open before the server is asked again.', DEFAULTS.breaker.maxOpenMs)
  }, { additionalProperties: false, description: what }))
}
